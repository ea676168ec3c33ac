"""Places whose tokens can be changed piece by piece; ``base.py`` holds the interface, each sibling is one kind."""
