"""No field of the law is lost silently: each is used, shown, or listed as not evaluated."""

from __future__ import annotations

import json

import pytest

from amends.duties.fields import treatment
from amends.duties.lawbook import FOLDER

ABOUT_THE_FILE = {"format", "id", "name", "kind", "country", "as_of", "valid_from", "valid_to", "review", "refined",
                  "provenance", "sources", "history", "engine"}  # fmt: skip


def paths(node, path=""):
    if isinstance(node, dict) and node:
        for key, part in node.items():
            yield from paths(part, f"{path}.{key}" if path else key)
    elif isinstance(node, list) and node and isinstance(node[0], dict):
        for part in node:
            yield from paths(part, f"{path}[]")
    else:
        yield path


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*-*.json")), ids=lambda p: p.stem)
def test_every_field_of_a_law_file_is_used_shown_or_listed(file):
    law = json.loads(file.read_text("utf-8"))
    is_state = law["kind"].startswith("us_")
    found = {p for p in paths({k: v for k, v in law.items() if k not in ABOUT_THE_FILE})}
    assert [p for p in sorted(found) if treatment(p, is_state=is_state) is None] == []


def test_a_field_nobody_listed_is_noticed():
    assert treatment("credit_freeze_duty.required", is_state=True) is None
    assert treatment("encryption.redaction", is_state=True) == "not evaluated"
    assert treatment("encryption.unit", is_state=True) == "used"
