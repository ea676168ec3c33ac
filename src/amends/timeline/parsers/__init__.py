"""The parsers of logs, one file a format; the order in which they are tried stands in ``PARSERS``."""
