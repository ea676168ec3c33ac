"""Amends: open-source data-breach response."""
