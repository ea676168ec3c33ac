"""The ground floor: case, tables on disk, stages, engines, ledger, registers, settings.

Nothing here knows what a breach is. Rooms stand on it and never on each other.
"""
