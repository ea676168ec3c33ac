"""Engines: where relational work is done. DuckDB is the default; Spark has its seam in ``base``."""
