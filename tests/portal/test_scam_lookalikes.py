"""Names that want to be taken for ours: permutations are known again, and honest names are not accused."""

from __future__ import annotations

import socket

import pytest

from amends.portal.scam.lookalikes import TECHNIQUES, look_alikes, lookalike_of, skeleton

OURS = ("larkspur.example", "help.larkspur.example")


@pytest.mark.parametrize(
    ("host", "technique"),
    [
        ("larkspur.com", "other_ending"),
        ("help.larkspur.net", "other_ending"),
        ("larkspur-help.com", "added_word"),
        ("larkspurbreach.org", "added_word"),
        ("my-larkspur.co.uk", "added_word"),
        ("larkspur.example.evil.test", "sub_domain"),
        ("help.larkspur.example.evil.test", "sub_domain"),
        ("larkspur.evil.test", "sub_domain"),
        ("lark-spur.com", "hyphen"),
        ("lark.spur.com", "sub_domain"),
        ("1arkspur.example", "similar_letters"),
        ("lаrkspur.example", "similar_letters"),
        ("xn--lrkspur-2fg.example", "similar_letters"),
        ("lárkspur.example", "similar_letters"),
        ("lakspur.com", "missing_letter"),
        ("larkspurr.com", "extra_letter"),
        ("larkspvr.com", "similar_letters"),
        ("larskpur.com", "wrong_letter"),
        ("LARKSPUR.COM.", "other_ending"),
        ("larkspur%2ecom", "other_ending"),
    ],
)
def test_a_look_alike_is_told_by_its_technique(host: str, technique: str) -> None:
    assert lookalike_of(host, OURS) == technique


@pytest.mark.parametrize(
    "host",
    ["larkspur.example", "www.larkspur.example", "help.larkspur.example", "a.b.help.larkspur.example", "ftc.gov",
     "equifax.com", "park.com",
     "spur.com", "lark.com", "example.com", "", "localhost", "203.0.113.7", "larch.com", "darkspace.com"],
)  # fmt: skip
def test_our_own_and_honest_names_are_not_accused(host: str) -> None:
    assert lookalike_of(host, OURS) is None


@pytest.mark.parametrize("host", ["beat.com", "at.com", "bat.com", "cat.example"])
def test_a_short_name_accuses_nobody_by_chance(host: str) -> None:
    assert lookalike_of(host, ("att.com",)) is None


@pytest.mark.parametrize(
    "domain",
    [
        "larkspur.example",
        "northern-lights-insurance.co.uk",
        "t-wireless.com",
        "acme.com",
        "bücher.example",
    ],
)
def test_nearly_all_permutations_are_known_again(domain: str) -> None:
    made = look_alikes([domain], 10**6)
    missed = [m.domain for m in made if lookalike_of(m.domain, [domain]) is None]
    assert len(made) > 300
    if len(domain.split(".", maxsplit=1)[0]) >= 5:
        assert len(missed) <= 0.02 * len(made), missed[:10]


def test_the_list_is_capped_ranked_and_holds_some_of_each() -> None:
    made = look_alikes(OURS, 60)
    assert len(made) == 60
    assert len({m.domain for m in made}) == 60
    assert {m.technique for m in made} >= set(TECHNIQUES[:8])
    assert not set(OURS) & {m.domain for m in made}
    first = [m.domain for m in made if m.technique == "other_ending"]
    assert first[0] == "larkspur.com"
    assert all(m.ascii.isascii() for m in made)


def test_the_list_is_the_same_every_time_and_never_asks_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("asked a network")

    for name in ("getaddrinfo", "create_connection", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    assert look_alikes(["larkspur.example"]) == look_alikes(["larkspur.example"])


@pytest.mark.parametrize(
    "domain",
    ["", ".", "localhost", "a" * 300 + ".com", "xn--", "..", "☃", "a.b", "-.com", "xn--a.com"],
)
def test_what_is_no_domain_makes_no_noise(domain: str) -> None:
    assert all(isinstance(made.domain, str) for made in look_alikes([domain]))
    assert lookalike_of(domain, OURS) is None
    assert lookalike_of("evil.test", [domain]) is None


@pytest.mark.parametrize(("one", "other"), [
    ("larkspur", "1arkspur"), ("modern", "rnodern"),
    ("wave", "vvave"), ("pаypal", "paypal"), ("ﬁne", "fine")])  # fmt: skip
def test_what_looks_alike_has_one_skeleton(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)
