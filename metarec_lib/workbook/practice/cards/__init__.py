"""Spaced repetition: cards made from the lessons, when each is due, the review in a terminal and a notebook, Anki decks."""
