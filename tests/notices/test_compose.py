"""What stands in a letter, for whom, and what does not."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest

from amends.kernel.errors import AmendsError
from amends.notices.check import faults
from amends.notices.compose import compose
from amends.notices.facts import AUDIENCES, DutyText, ExposedElement, Variant
from amends.notices.plain import as_html, as_text
from amends.notices.wording import wording
from amends.taxonomy.elements import elements as all_elements
from tests.notices.letters_world import CA, FACTS, IL, MA, RI, elements, letter, recipient


def test_both_languages_hold_the_same_paragraphs_with_the_same_codes() -> None:
    english, spanish = wording("en"), wording("es")
    assert [p.shape() for p in english.paragraphs] == [p.shape() for p in spanish.paragraphs]
    assert english.headings.keys() == spanish.headings.keys()
    assert english.words.keys() == spanish.words.keys()


def test_a_letter_names_exactly_the_persons_elements() -> None:
    text = as_text(letter(codes=("name", "ssn", "drivers_licence")))
    listed = [
        line[2:] for line in text.split("What We Are Doing")[0].split("\n") if line.startswith("• ")
    ]
    assert listed == ["name", "Social Security number", "driver's license number"]


def test_california_gets_its_title_and_five_headings_in_order() -> None:
    made = letter(CA)
    assert made.title == "Notice of Data Breach"
    assert [s.heading for s in made.sections if s.heading] == [
        "What Happened", "What Information Was Involved", "What We Are Doing", "What You Can Do",
        "For More Information",
    ]  # fmt: skip


def test_a_spanish_letter_to_california_keeps_the_prescribed_headings_beside_the_translation() -> (
    None
):
    made = letter(CA, language="es")
    assert made.title.startswith("Notice of Data Breach / ")
    assert made.sections[1].heading == "What Happened / Qué pasó"
    assert faults(made) == ()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_massachusetts_hears_neither_how_nor_how_many(language: str, audience: str) -> None:
    made = letter(MA, language=language, audience=audience)
    text = as_text(made)
    assert faults(made) == ()
    assert "20,000" not in text
    assert "permission" not in text
    assert "permiso" not in text
    assert "18" not in text.split("identi")[0][-3:]
    assert "24 m" in text


def test_rhode_island_hears_how_many_and_illinois_does_not() -> None:
    assert "20,000 people" in as_text(letter(RI))
    assert "20,000" not in as_text(letter(IL))
    assert faults(letter(RI)) == faults(letter(IL)) == ()


def test_rhode_island_gets_its_attorney_general_and_massachusetts_the_longer_offer() -> None:
    assert "150 South Main Street" in as_text(letter(RI))
    assert "18 months" in as_text(letter(MA, offer_months=12))


def test_a_password_brings_the_advice_to_change_it() -> None:
    assert "Change your password" in as_text(letter(IL, ("email", "password")))
    assert "Change your password" not in as_text(letter(IL, ("name", "ssn")))


def test_what_the_law_asks_and_the_facts_lack_is_named_not_left_blank() -> None:
    hawaii = DutyText(("US-HI",), frozenset(("ENTITY_PHONE", "PI_TYPES")))
    made = letter(hawaii, phone="")
    assert made.missing == {"ENTITY_PHONE": "[case] phone"}
    assert faults(made) == ("the law asks for ENTITY_PHONE, and the facts lack [case] phone",)


def test_a_number_that_is_not_toll_free_does_not_pass_for_one() -> None:
    puerto_rico = DutyText(("US-PR",), frozenset(("TOLLFREE_ENTITY",)))
    assert letter(puerto_rico, phone="512-555-0100").missing
    assert not letter(puerto_rico, phone="(877) 555-0100").missing


def test_a_missing_value_is_an_error_never_a_blank() -> None:
    with pytest.raises(AmendsError) as caught:
        letter(entity="")
    assert "entity" in str(caught.value)


def test_a_child_is_written_to_through_the_guardian_and_never_as_you() -> None:
    text = as_text(
        letter(codes=("name", "ssn_last4", "imsi"), audience="guardian"),
        recipient(name="Zoe Example"),
    )
    assert "To the parent or guardian of Zoe Example:" in text
    listed = text.split("What Information")[1].split("What We Are Doing")[0]
    assert "your" not in listed


def test_a_letter_to_the_family_of_the_dead_does_not_greet_the_dead() -> None:
    text = as_text(letter(audience="next_of_kin"), recipient(name="Old Example"))
    assert "Dear" not in text
    assert "To the family of Old Example:" in text
    assert "sorry for your loss" in text


def test_an_update_says_that_it_replaces_the_earlier_notice() -> None:
    made = compose(Variant(CA, elements("name", "ssn"), update=True), FACTS)
    assert "replaces the earlier one" in as_text(made)
    assert faults(made) == ()


def test_what_was_seen_is_not_called_taken() -> None:
    seen = Variant(CA, (ExposedElement("ssn", "seen"),))
    text = as_text(compose(seen, FACTS))
    assert "taken" not in text
    assert "opened" in text
    assert faults(compose(seen, FACTS)) == ()


def test_an_encrypted_and_a_malformed_value_are_said_to_be_so() -> None:
    made = compose(
        Variant(CA, (ExposedElement("name"), ExposedElement("ssn", encrypted=True, possible=True))),
        FACTS,
    )
    text = as_text(made)
    assert "Social Security number (it was encrypted) (as we found it, it is incomplete" in text
    assert faults(made) == ()


def test_reassurance_needs_a_determination() -> None:
    assert "card" not in as_text(letter(IL)).split("What We Are Doing")[0]
    calm = letter(IL, not_exposed=frozenset(("card", "bank_account", "ssn")))
    assert "It does not hold any credit or debit card numbers or bank account numbers." in as_text(
        calm
    )
    assert "any Social Security" not in as_text(calm)
    assert faults(calm) == ()


def test_an_unknown_residence_prints_every_office_that_a_statute_wants() -> None:
    everywhere = DutyText(("US-MD", "US-NC", "US-OR", "US-KY"), frozenset(("STATE_AG_CONTACT",)))
    text = as_text(letter(everywhere))
    assert "Baltimore" in text
    assert "Raleigh" in text
    assert "Frankfort" not in text


def test_html_escapes_every_value() -> None:
    page = as_html(letter(), recipient(name="<script>alert(1)</script> & Sons"))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


LAW = Path(str(resources.files("amends"))) / "duties" / "law"


def _state_duties() -> list[DutyText]:
    found = []
    for path in sorted(LAW.rglob("US-[A-Z][A-Z].json")):
        content = json.loads(path.read_text())["content"]
        added = {c for rule in content.get("conditional", []) for c in rule["add"]}
        required = frozenset(content["required"]) | (
            added - {"STATE_REGULATOR_CONTACT", "PARENT_COMPANY_NAME"}
        )
        found.append(
            DutyText(
                (path.stem,),
                required,
                frozenset(content["forbidden"]),
                frozenset(content["format"]),
                12,
            )
        )
    return found


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_state_every_audience_every_exposure_passes_the_checks(language: str) -> None:
    duties = _state_duties()
    assert len(duties) == 54
    sets = (
        ("name", "ssn"),
        ("email", "password", "security_answer"),
        ("name", "birth_date", "phone", "address", "imei"),
    )
    facts = replace(FACTS, not_exposed=frozenset(("card", "bank_account")))
    for duty, codes, audience, exposure in itertools.product(
        duties, sets, AUDIENCES, ("taken", "seen", "exposed")
    ):
        exposed = tuple(ExposedElement(c, exposure) for c in sorted(codes))
        made = compose(Variant(duty, exposed, language, audience), facts)
        assert faults(made) == (), (duty.jurisdictions, codes, audience, exposure)


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_every_element_can_be_named_to_everybody(language: str, audience: str) -> None:
    for code in all_elements():
        made = letter(RI, (code,), language, audience, facts=replace(FACTS, what_happened={}))
        assert faults(made) == (), code
    assert faults(letter(RI, tuple(all_elements()), language, audience)) == ()


@pytest.mark.parametrize(
    ("told", "again"),
    [
        ("Between August 3 and November 2, 2026, somebody copied files.", False),
        ("From 2026-08-03 to 2026-11-02 somebody copied files.", False),
        ("Since August 3, 2026, somebody copied files.", True),
        ("Between August 30 and November 2, 2026, somebody copied files.", True),
        ("Somebody copied files.", True),
    ],
)
def test_the_days_of_the_breach_are_told_once(told: str, again: bool) -> None:
    made = letter(what_happened={"en": told})
    assert faults(made) == ()
    assert ("The breach went on from" in as_text(made)) is again


def test_where_the_law_bars_what_happened_the_days_are_still_told() -> None:
    told = "Between August 3 and November 2, 2026, somebody copied files."
    made = letter(MA, what_happened={"en": told})
    assert faults(made) == ()
    assert "The breach went on from August 3, 2026 to November 2, 2026." in as_text(made)


def test_what_can_do_most_harm_is_named_first_and_ways_to_reach_somebody_last() -> None:
    codes = (
        "address",
        "birth_date",
        "card",
        "diagnosis",
        "drivers_licence",
        "email",
        "name",
        "password",
        "ssn",
    )
    listed = next(b for b in letter(codes=codes).blocks() if b.elements)
    assert listed.elements == (
        "name", "ssn", "drivers_licence", "card", "password", "diagnosis", "birth_date", "address", "email",
    )  # fmt: skip


def test_an_unknown_residence_is_not_told_that_all_those_states_are_its_own() -> None:
    duty = replace(RI, jurisdictions=("UNKNOWN", "US-RI", "US-NY", "US-NC"))
    text = as_text(letter(duty))
    assert "The offices of states in which you may be living:" in text
    assert "The office in your state:" not in text
    assert "The office in your state:" in as_text(letter(RI))
