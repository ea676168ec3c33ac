"""Safe test copies: the shape of production, and nobody of it.

What comes in: a store of the company, a plan that says what each column holds, a key of the vault. What goes
out: a store of the same shape in which every identifier is another, and a proof by anti-join that no original
is left.

Terms: a *value domain* holds values that are compared with each other, wherever they stand (``ssn``, ``phone``,
``surname``): within a domain the same value has the same mask in any table, file or format, so joins hold without a
declaration. A *normal form* is a value without its way of writing. A *draw* is a mask proposed for a value by
the key; the first draw that is neither an original nor somebody else's mask is taken. A *survivor* is an
original found in the copy.
"""
