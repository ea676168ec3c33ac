"""The console: the web face for the team that works on a case."""
