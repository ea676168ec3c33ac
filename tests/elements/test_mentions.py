"""Whose data it is: an identifier goes to its name, or to nobody."""

from __future__ import annotations

from amends.elements.mentions import Mention, mentions
from amends.elements.text import find

ONE, TWO = "518-22-1929", "219-44-8881"


def linked(text: str) -> dict[str, list[str]]:
    """Return last name → SSNs; "" for those that belong to nobody."""
    found = find(text)
    out: dict[str, list[str]] = {}
    for one in mentions(text, found):
        values = [
            text[found[n].start : found[n].end] for n in one.findings if found[n].element == "ssn"
        ]
        out.setdefault(one.name.last, []).extend(values)
    return out


def only(text: str) -> Mention:
    (one,) = mentions(text, find(text))
    return one


def test_a_form_is_one_mention() -> None:
    one = only(
        f"Name: John A. Smith Jr\nDOB: 04/05/1980\nSSN: {ONE}\nAddress: 12 Oak Street, Springfield, IL 62704\n"
        "Phone: 206-555-2345\nEmail: jsmith@mail.net\n"
    )
    assert (one.name.first, one.name.last, one.name.suffix) == ("John", "Smith", "JR")
    assert (str(one.birth_on), one.address.state, one.phones, one.emails) == (
        "1980-04-05",
        "IL",
        ("2065552345",),
        ("jsmith@mail.net",),
    )
    assert one.ambiguous == ""


def test_rows_keep_to_themselves() -> None:
    assert linked(f"John Smith|{ONE}|04/05/1980\nMaria Garcia|{TWO}|01/02/1970\n") == {
        "Smith": [ONE],
        "Garcia": [TWO],
    }


def test_two_pairs_in_a_sentence_go_each_to_its_own() -> None:
    assert linked(f"Update John Smith (SSN {ONE}) and Mary Jones (SSN {TWO}).") == {
        "Smith": [ONE],
        "Jones": [TWO],
    }


def test_two_names_and_one_number_is_said_not_guessed() -> None:
    text = f"John Smith and Mary Jones, SSN {ONE}."
    assert linked(text) == {"Smith": [], "Jones": [], "": [ONE]}
    (nobody,) = [m for m in mentions(text, find(text)) if m.name.last == ""]
    assert nobody.ambiguous == "2 names compete"


def test_an_agent_is_not_the_customer() -> None:
    chat = (
        "Agent: Thank you for calling, this is Kevin.\nCustomer: Hi, my name is Linda Brown.\n"
        f"Agent: Your SSN?\nCustomer: {ONE}"
    )
    assert linked(chat)["Brown"] == [ONE]


def test_a_number_without_a_name_stands_alone() -> None:
    one = only(f"SSN {ONE} on file")
    assert (one.name.last, one.ambiguous) == ("", "no name stands near")


def test_one_person_never_holds_two_numbers() -> None:
    got = linked(f"John Smith\nSSN {ONE}\nSSN {TWO}\n")
    assert len(got["Smith"]) <= 1


def test_two_forms_in_a_row_do_not_mix() -> None:
    assert linked(f"Name: John Smith\nSSN: {ONE}\nName: Mary Jones\nSSN: {TWO}\n") == {
        "Smith": [ONE],
        "Jones": [TWO],
    }


def test_nothing_gives_nothing() -> None:
    assert mentions("", []) == []
