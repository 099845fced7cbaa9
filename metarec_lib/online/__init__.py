"""Learning from events as they come: streams, feedback, bandits, environments, reinforcement."""
