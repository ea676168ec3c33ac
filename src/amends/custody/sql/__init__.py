"""Reading SQL dumps: statements, table definitions, COPY data and rows of INSERT, all streaming."""
