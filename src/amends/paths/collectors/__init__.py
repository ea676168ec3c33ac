"""Collectors: one a format, each recognises its own and says what it saw. ``order.py`` lists them."""
