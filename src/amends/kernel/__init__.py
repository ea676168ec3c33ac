"""The ground floor: case, schema, stage, engine, ledger, register, config, errors, progress, clock, ids.

Nothing here knows what a breach is. Rooms stand on it and never on each other.
"""
