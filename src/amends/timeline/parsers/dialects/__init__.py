"""The dialects of syslog, one file a family of programs; the order stands in ``registry.py``."""
