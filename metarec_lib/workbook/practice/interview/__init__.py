"""The mock interview: an engine that takes events, and a terminal and a notebook panel that run on it."""
