"""The public site: a process of its own that reads only what the portal published."""
