"""Which places a company itself calls test, development or staging: by zone, role or name."""

from __future__ import annotations

import re
from functools import lru_cache

_WORDS = frozenset(
    (
        "test", "tests", "testing", "tst", "dev", "devel", "development", "stage", "staging", "stg", "qa", "qas", "uat",
        "sandbox", "sbx", "lab", "labs", "preprod", "preproduction", "nonprod", "nonproduction", "demo",
    )
)  # fmt: skip
"""Words that say so when they stand alone. Source: the usual names of environments, as companies write them."""
_BEGINS = ("test", "staging", "sandbox")
_NOT = frozenset(("testimonial", "testimonials", "testament", "testify"))
_JOINED = re.compile(r"(?i)\b(?:non|pre)[-_ ](?:prod|production)\b")


def is_test_place(*texts: str) -> bool:
    """Say whether any of these texts (zone, role, name) calls a place test, development or staging.

    Only whole words count: ``lw-tst-01``, ``dev`` and ``test server`` do, ``latest`` and ``devices`` do not. A word
    that begins with test, staging or sandbox does too: ``testdb2``.
    """
    return any(_says_test(text) for text in texts)


@lru_cache(maxsize=65_536)
def _says_test(text: str) -> bool:
    words = re.findall(r"[a-z]+", text.lower())
    if any(w in _WORDS or (w.startswith(_BEGINS) and w not in _NOT) for w in words):
        return True
    return _JOINED.search(text) is not None
