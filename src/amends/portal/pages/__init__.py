"""The pages of the public site: their frame, their look, and the general ones as plain files.

In comes a ``Determination``; out come HTML files that any web server can serve, and ``render`` for the pages that the
site makes while it runs.
"""

from __future__ import annotations
