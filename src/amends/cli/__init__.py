"""The command line: parses, calls, prints. No SQL and no decisions of its own."""
