"""Which places a company itself calls test, development or staging: by zone, role or name."""

from __future__ import annotations

import re

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
    for text in texts:
        if _JOINED.search(text):
            return True
        for word in re.findall(r"[a-z]+", text.lower()):
            if word in _WORDS or (word.startswith(_BEGINS) and word not in _NOT):
                return True
    return False
