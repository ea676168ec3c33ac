"""What the banner says: the same as the letter, of one length, in two languages, and never in place of a notice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.kernel.errors import UsageError
from amends.portal.banner.answer import (
    ANSWER_SECONDS,
    AnswerWriter,
    BannerEdition,
    NoClaims,
    claim_state,
)
from amends.portal.banner.texts import BannerFacts
from amends.portal.published import Published
from amends.portal.shapes import LANGUAGES, Exposed, Offer
from amends.vault.signing import SigningKey, from_base64url, read_jws
from tests.portal.banner_world import Company, company
from tests.portal.world import (
    ACCOUNTS,
    PEOPLE,
    answer_class,
    classes,
    determination,
    incident,
    publish_world,
)

NOW = 1_790_000_000
FACTS = BannerFacts(
    "Larkspur Wireless", "help.larkspur.example", "1-888-555-0100", 2, date(2026, 11, 11)
)


def edition_of(asker: Company) -> BannerEdition:
    keys = asker.published.keys
    return BannerEdition(asker.published.edition, keys.index, keys.signing)


def said(asker: Company, ref: str, now: int = NOW) -> dict[str, Any]:
    token = edition_of(asker).token(ref, NoClaims(), now)
    assert token is not None
    return asker.read(token)


def test_every_account_reads_the_elements_of_its_persons_letter(tmp_path: Path) -> None:
    asker = company(tmp_path)
    for account, person in ACCOUNTS.items():
        answer = said(asker, asker.world.ref(account))
        if PEOPLE[person] == -1:
            assert answer["state"] == "undecided"
            assert answer["elements"] == []
            continue
        letter = classes()[PEOPLE[person]]
        assert answer["state"] == "yes"
        assert answer["elements"] == [e.element for e in letter.elements]
        for language in LANGUAGES:
            listed = next(
                block.items
                for section in letter.letters[language].sections
                for block in section.blocks
                if block.kind == "list"
            )
            assert tuple(answer["texts"][language]["elements"]) == listed


def test_the_banner_and_the_site_answer_from_one_edition_alike(tmp_path: Path) -> None:
    asker = company(tmp_path)
    edition = edition_of(asker)
    for account in [*ACCOUNTS, "nobody", "555-00001"]:
        ref = asker.world.ref(account)
        found, told = edition.find(ref), asker.published.by_account(ref)
        assert found is not None
        assert told is not None
        state, class_id, handle = found
        assert state == told.state
        assert edition.edition.number == told.edition
        if told.answer_class is not None:
            assert (class_id, handle) == (told.answer_class.class_id, told.handle)


def test_a_held_person_is_undecided_and_a_stranger_no_as_of_the_edition(tmp_path: Path) -> None:
    asker = company(tmp_path)
    held = said(asker, asker.world.ref("555-0009"))
    assert held["state"] == "undecided"
    stranger = said(asker, "ab" * 32)
    assert (stranger["state"], stranger["edition"], stranger["as_of"]) == ("no", 1, "2026-11-10")
    assert "November 10, 2026" in stranger["texts"]["en"]["sentence"]
    assert "10 de noviembre de 2026" in stranger["texts"]["es"]["sentence"]


def test_while_no_is_not_allowed_a_stranger_is_undecided(tmp_path: Path) -> None:
    asker = Company.over(publish_world(tmp_path, determination(answers_no=False)))
    assert said(asker, "ab" * 32)["state"] == "undecided"


@pytest.mark.parametrize("ref", ["", "ab", "zz" * 32, "ab" * 33, "ab" * 31 + "a\n", "\u0661" * 64])
def test_what_is_no_account_reference_has_no_answer(tmp_path: Path, ref: str) -> None:
    asker = company(tmp_path)
    assert edition_of(asker).token(ref, NoClaims(), NOW) is None


def test_the_answer_is_for_one_account_and_for_five_minutes(tmp_path: Path) -> None:
    asker = company(tmp_path)
    ref = asker.world.ref("555-0001")
    answer = said(asker, ref.upper())
    assert answer["sub"] == ref
    assert (answer["iat"], answer["exp"]) == (NOW, NOW + ANSWER_SECONDS)
    assert answer["iss"] == "https://help.larkspur.example"


def test_an_altered_answer_is_not_the_sites(tmp_path: Path) -> None:
    asker = company(tmp_path)
    token = edition_of(asker).token(asker.world.ref("555-0001"), NoClaims(), NOW)
    assert token is not None
    for at in range(0, len(token), 41):
        spoiled = bytearray(token)
        spoiled[at] = ord("A") if spoiled[at] != ord("A") else ord("B")
        with pytest.raises(UsageError):
            asker.read(bytes(spoiled))


def test_all_answers_are_equally_long_whatever_they_say(tmp_path: Path) -> None:
    asker = company(tmp_path)
    edition = edition_of(asker)

    class Everybody:
        def has_claimed(self, handle: str) -> bool:
            return True

    late = NOW + 10 * 365 * 86400
    lengths = {
        len(edition.token(asker.world.ref(account), claims, now) or b"")
        for account in [*ACCOUNTS, "nobody"]
        for claims in (NoClaims(), Everybody())
        for now in (NOW, late)
    }
    assert len(lengths) == 1


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)


@given(entity=TEXT, site=TEXT, phone=TEXT, names=st.lists(TEXT, max_size=25), product=TEXT)
def test_any_words_make_whole_answers_of_one_length(
    entity: str, site: str, phone: str, names: list[str], product: str
) -> None:
    """The names of companies and products are typed by people: quotation marks, signs of other scripts, anything."""
    key = SigningKey.from_bytes(bytes(range(32)))
    few = answer_class(0, ("name", "ssn"))
    many = replace(
        answer_class(1, ("name",)),
        elements=tuple(Exposed(f"e{i}", "taken") for i in range(len(names))),
        names={"en": tuple(names), "es": tuple(names)},
        offer=Offer(product, 24, date(2027, 2, 28)),
    )
    facts = BannerFacts(entity, site, phone, 12, date(2026, 3, 1))
    writer = AnswerWriter(facts, key, [few, many])
    cases = [("yes", 0), ("yes", 1), ("no", -1), ("undecided", -1)]
    tokens = [writer.token("ab" * 32, s, c, False, NOW) for s, c in cases]  # type: ignore[arg-type]
    assert len({len(t) for t in tokens}) == 1
    told = [read_jws(t.decode(), key.public_bytes()) for t in tokens]
    assert [t["state"] for t in told] == [s for s, _ in cases]
    assert told[1]["texts"]["en"]["elements"] == names
    assert told[1]["offers"][0]["product"] == product
    assert all(entity in t["texts"]["es"]["headline"] for t in told)


@pytest.mark.parametrize("state", ["yes", "no", "undecided"])
@pytest.mark.parametrize("audience", ["adult", "guardian", "next_of_kin", "business"])
def test_every_banner_says_that_it_is_no_notice_and_what_is_sent(state: Any, audience: str) -> None:
    key = SigningKey.create()
    writer = AnswerWriter(FACTS, key, [answer_class(0, ("name",), audience=audience)])
    token = writer.token("ab" * 32, state, 0, False, NOW)
    texts = read_jws(token.decode(), key.public_bytes())["texts"]
    assert "is not" in texts["en"]["notice"]
    assert "letter or an e-mail" in texts["en"]["notice"]
    assert "no es" in texts["es"]["notice"]
    assert "carta o un correo" in texts["es"]["notice"]
    assert "1-888-555-0100" in texts["es"]["notice"]
    assert texts["en"]["link"] == "https://help.larkspur.example/en/"
    assert set(texts) == set(LANGUAGES)


def test_a_letter_about_another_person_is_not_told_as_ones_own() -> None:
    key = SigningKey.create()
    seen = {}
    for audience in ("adult", "guardian", "next_of_kin", "business"):
        writer = AnswerWriter(FACTS, key, [answer_class(0, ("name",), audience=audience)])
        payload = read_jws(
            writer.token("ab" * 32, "yes", 0, False, NOW).decode(), key.public_bytes()
        )
        seen[audience] = payload["texts"]["en"]["headline"]
    assert len(set(seen.values())) == 4
    assert seen["guardian"].startswith("A child's")


def test_without_a_site_there_is_no_link_and_without_a_phone_no_number() -> None:
    key = SigningKey.create()
    writer = AnswerWriter(replace(FACTS, site="", phone=""), key, [])
    payload = read_jws(writer.token("ab" * 32, "no", -1, False, NOW).decode(), key.public_bytes())
    assert payload["iss"] == "Larkspur Wireless"
    assert payload["texts"]["en"]["link"] == ""
    assert "call" not in payload["texts"]["en"]["notice"]


OFFER = Offer("Guard", 24, date(2026, 11, 22))
MIDNIGHT = 1_795_392_000  # the end of 2026-11-22, UTC


@pytest.mark.parametrize(
    ("offer", "claimed", "now", "state"),
    [
        (OFFER, False, MIDNIGHT - 1, "open"),
        (OFFER, False, MIDNIGHT, "closed"),
        (OFFER, True, MIDNIGHT, "claimed"),
        (OFFER, True, 0, "claimed"),
        (None, True, 0, "open"),
    ],
)
def test_where_a_person_stands_with_the_offer(
    offer: Offer | None, claimed: bool, now: int, state: str
) -> None:
    assert claim_state(offer, claimed, now) == state


@pytest.mark.parametrize(
    ("claimed", "now", "words"),
    [
        (False, MIDNIGHT - 1, "claim it by November 22, 2026 with the code"),
        (True, MIDNIGHT - 1, "you have claimed it"),
        (False, MIDNIGHT, "the last day to claim it was November 22, 2026"),
    ],
)
def test_the_words_on_the_offer_follow_the_claim(claimed: bool, now: int, words: str) -> None:
    key = SigningKey.create()
    writer = AnswerWriter(FACTS, key, [answer_class(0, ("name",), offer=OFFER)])
    said = read_jws(writer.token("ab" * 32, "yes", 0, claimed, now).decode(), key.public_bytes())
    assert words in said["texts"]["en"]["offer"]
    assert said["texts"]["es"]["offer"].startswith("24 meses de Guard")


def test_where_nothing_is_offered_nothing_is_said_of_it(tmp_path: Path) -> None:
    asker = company(tmp_path)
    for account in ("555-0004", "555-0009", "nobody"):
        texts = said(asker, asker.world.ref(account))["texts"]
        assert [texts[language]["offer"] for language in LANGUAGES] == ["", ""]


def test_an_offer_is_told_as_the_letter_promises_it(tmp_path: Path) -> None:
    asker = company(tmp_path)
    offers = said(asker, asker.world.ref("555-0001"))["offers"]
    assert offers == [
        {"product": "Larkspur Guard", "months": 24, "enrol_by_on": "2027-02-28", "claim": "open"}
    ]
    assert said(asker, asker.world.ref("555-0004"))["offers"] == []


def test_an_answer_holds_nothing_that_names_a_person(tmp_path: Path) -> None:
    asker = company(tmp_path)
    ref = asker.world.ref("555-0001")
    token = edition_of(asker).token(ref, NoClaims(), NOW)
    assert token is not None
    payload = from_base64url(token.decode().split(".")[1]).decode()
    found = asker.published.by_account(ref)
    assert found is not None
    secrets = [*PEOPLE, *ACCOUNTS, found.handle, *(asker.world.code(p) for p in PEOPLE)]
    assert not [s for s in secrets if s in payload]
    assert set(json.loads(payload)) == {
        "iss", "sub", "iat", "exp", "state", "edition", "as_of", "elements", "offers", "texts", "pad",
    }  # fmt: skip


def test_where_everybody_is_held_nobody_is_told_yes(tmp_path: Path) -> None:
    people: Mapping[str, int] = {"P000000000009": -1}
    world = publish_world(
        tmp_path,
        determination(),
        people_are=people,
        accounts_are={"555-0009": "P000000000009"},
    )
    asker = Company.over(world)
    assert said(asker, asker.world.ref("555-0009"))["state"] == "undecided"
    assert said(asker, "ab" * 32)["state"] == "no"


def test_a_person_that_became_part_of_another_reads_what_the_other_reads(tmp_path: Path) -> None:
    accounts = {**ACCOUNTS, "555-0077": "P000000000077"}
    people = {**PEOPLE, "P000000000077": 2}
    before = Company.over(publish_world(tmp_path, people_are=people, accounts_are=accounts))
    assert said(before, before.world.ref("555-0077"))["elements"] == ["name", "imei", "pin"]
    accounts["555-0077"] = "P000000000001"
    world = publish_world(
        tmp_path,
        determination(2),
        accounts_are=accounts,
        merged={"P000000000077": "P000000000001"},
    )
    after = Company(world, Published.open(world.published), before.key)
    merged = said(after, world.ref("555-0077"))
    assert merged["elements"] == said(after, world.ref("555-0001"))["elements"]
    assert merged["edition"] == 2


def test_facts_come_from_the_edition(tmp_path: Path) -> None:
    found = determination(incident=replace(incident(), entity='A "B" & C\u2028', phone=""))
    asker = Company.over(publish_world(tmp_path, found))
    assert 'A "B" & C\u2028' in said(asker, "ab" * 32)["texts"]["en"]["headline"]
