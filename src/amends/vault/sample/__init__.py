"""Is a sample ours? Keyed numbers of what we hold, and how a sample that somebody shows is held against them.

What comes in: traits, one keyed 64-bit number a row and trait (``traits.py``). What goes out: an index in a folder
(``index.py``), which rows of a sample are rows of ours (``match.py``), when it was taken (``dating.py``), and what
may be said of it (``verdict.py``).

Terms: a *trait* is something by which a row can be told: an SSN, a name, an address; a *source* is one table of one
store as of one day; a row is *joint* when two traits of it stand together in one record of ours.
"""
