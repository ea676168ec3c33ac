"""The ways a notice leaves the house; each sibling keeps the contract of ``base``."""
