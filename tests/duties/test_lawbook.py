"""Law files: what is read, and what is refused."""

from __future__ import annotations

import copy
import json

import pytest

from amends.duties.lawbook import FOLDER, law_book, read_law, shipped, vocabulary
from amends.kernel.errors import EvidenceError
from amends.taxonomy.offices import offices

CALIFORNIA = json.loads((FOLDER / "US-CA.json").read_text("utf-8"))


def without_source(law):
    law["provenance"]["trigger"]["sources"] = []


def without_provenance(law):
    del law["provenance"]["id_protection"]


def without_any(law):
    del law["provenance"], law["sources"]


def foreign_source(law):
    law["provenance"]["content"]["sources"] = ["nobody"]


def new_field(law):
    law["credit_freeze_duty"] = {"required": True}


def unknown_element(law):
    law["personal_information"]["combinations"][0]["any_of"].append("SNN")


def unknown_content(law):
    law["content"]["required"].append("PI_TYPE")


def unknown_format(law):
    law["content"]["format"].append("RED_INK")


def wrong_operator(law):
    law["regulator_notice"][0]["threshold"]["op"] = "=>"


def no_number(law):
    del law["individual_notice"]["deadline"]["n"]


def no_trigger(law):
    del law["trigger"]


def other_name(law):
    law["id"] = "US-NV"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_source, "field trigger has no source"),
        (without_provenance, "field id_protection has no source"),
        (without_any, "has no source"),
        (foreign_source, "names the source 'nobody'"),
        (new_field, "field credit_freeze_duty has no source"),
        (unknown_element, "did you mean SSN?"),
        (unknown_content, "did you mean PI_TYPES?"),
        (unknown_format, "unknown format code RED_INK"),
        (wrong_operator, "wrong shape at regulator_notice.0.threshold"),
        (no_number, "wrong shape at individual_notice.deadline"),
        (no_trigger, "'trigger' is a required property"),
        (other_name, "calls itself US-NV"),
    ],
)
def test_a_law_file_with_a_fault_is_refused_and_told_what_to_do(tmp_path, spoil, said):
    law = copy.deepcopy(CALIFORNIA)
    spoil(law)
    path = tmp_path / "US-CA.json"
    path.write_text(json.dumps(law), "utf-8")
    with pytest.raises(EvidenceError) as caught:
        law_book(tmp_path)
    assert said in str(caught.value)
    assert "US-CA.json" in str(caught.value)
    assert caught.value.remedy
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("text", ["{", "[]", "\x00", "12"])
def test_a_file_that_is_no_law_file_is_refused(tmp_path, text):
    (tmp_path / "US-CA.json").write_text(text, "utf-8")
    with pytest.raises(EvidenceError, match="law file"):
        law_book(tmp_path)


def test_a_file_in_another_encoding_is_refused_in_words(tmp_path):
    (tmp_path / "US-CA.json").write_bytes(b"\xff\xfe{\x00}\x00")
    with pytest.raises(EvidenceError, match="cannot be read"):
        law_book(tmp_path)


def test_a_case_lays_its_own_law_over_the_shipped_one(tmp_path):
    law = copy.deepcopy(CALIFORNIA)
    law["name"] = "California as counsel reads it"
    law["review"] = {"reviewer": "A. Counsel", "reviewed_on": "2026-11-01"}
    (tmp_path / "US-CA.json").write_text(json.dumps(law), "utf-8")
    book = law_book(tmp_path)
    assert book.own == ("US-CA",)
    assert book.states["US-CA"]["name"] == "California as counsel reads it"
    assert len(book.states) == 54
    assert shipped().states["US-CA"]["name"] == "California"


def test_a_folder_that_is_not_there_leaves_the_shipped_law(tmp_path):
    assert law_book(tmp_path / "law") is shipped()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*-*.json")), ids=lambda p: p.stem)
def test_every_shipped_file_has_dates_review_and_a_source_for_each_field(path):
    law = read_law(path)
    assert law["review"]["reviewer"]
    assert {"valid_from", "valid_to"} <= set(law)
    assert all(p["sources"] and p["confidence"] for p in law["provenance"].values())


def test_implied_codes_follow_to_the_end():
    words = vocabulary()
    assert words.closure(frozenset(["EMAIL"])) == {"EMAIL", "ONLINE_ID", "NAME_OR_IDENTIFIER"}
    assert words.closure(frozenset(["PASSPORT"])) == {"PASSPORT", "GOV_ID_OTHER"}
    assert "LOGIN_SECRET" not in words.closure(frozenset(["ACCOUNT_PIN"]))
    assert "LOGIN_SECRET" in words.closure(frozenset(["ACCOUNT_PIN", "EMAIL"]))


def test_every_contact_names_a_source_that_is_listed():
    held = offices()

    def values(node):
        if isinstance(node, dict):
            if "value" in node:
                yield node
            for part in node.values():
                yield from values(part)
        elif isinstance(node, list):
            for part in node:
                yield from values(part)

    found = list(values({k: held[k] for k in ("consumer_reporting_agencies", "federal", "states")}))
    assert len(found) > 50
    assert all(v["sources"] and set(v["sources"]) <= set(held["sources"]) for v in found)
