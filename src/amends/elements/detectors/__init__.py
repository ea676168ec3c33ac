"""One file a family of data elements: what it looks like, what speaks for it, how a value is checked.

``base.py`` holds the shapes, ``family.py`` the ordered tuple of all detectors.
"""
