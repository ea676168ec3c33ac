"""Importers of other scanners' findings: one a format, each recognises its own and says what it saw.

``read.py`` holds the entry point, ``order.py`` the list of formats, ``base.py`` the shapes.
"""
