"""The review screen: what waits for a person, card by card, by keyboard or mouse, with undo.

``pages`` declares the views; ``cards`` says what a card shows and which choices it offers; ``choices`` what a choice
decides; ``sharing`` keeps two people from working on one card unseen; ``quality`` is the random sample.
"""
