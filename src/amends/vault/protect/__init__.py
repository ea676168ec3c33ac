"""The company's own tables, protected while the business still works: plan, copy, verify, swap, and the way back.

What comes in: a store, and a plan that a person has read. What goes out: tables whose identifiers are tokens, lines in
the vault's ledger, and the list of copies that are still in clear.

Terms: a *change* is what becomes of one table; a *group* is the tables that foreign keys join over protected columns:
they change together or not at all.
"""
