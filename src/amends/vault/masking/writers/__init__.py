"""Where a masked copy is written; the siblings of ``base.py`` are alike.

A copy is built under a hidden name beside its place and gets its name in one step, after the proof: whoever
finds a copy under its name finds a whole one.
"""
