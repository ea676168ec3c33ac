"""The picture: self-contained, legible, and nobody's markup but ours."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from amends.paths.answer import Answer, answer
from amends.paths.picture import drawn
from amends.paths.shapes import INTERNET, Fact, Network, StoreAtEnd
from amends.paths.states import Dated
from tests.paths.test_answer import BOTH, MODEL, TWO, ask, entry

SVG = "{http://www.w3.org/2000/svg}"
EVIL = [
    "<script>alert(1)</script>",
    '"onload="x',
    "a&b<c",
    "\x00\x1b[31m",
    "\u202egpj.exe",
    "\ud800",
    "x" * 500,
    "]]>",
]


def parts(made: Answer) -> ElementTree.Element:
    return ElementTree.fromstring(drawn(made, html=False))


def words(made: Answer) -> list[str]:
    return [t.text or "" for t in parts(made).iter(f"{SVG}text")]


def test_zones_are_columns_and_places_carry_their_names() -> None:
    shown = words(ask(*MODEL))
    for name in (
        "Internet",
        "mgmt",
        "Personal data",
        "edge-r1",
        "jump1",
        "crm-db",
        "crm",
        "54,000,000 people",
    ):
        assert name in shown


def test_the_worst_way_is_thick_and_numbered_not_only_coloured() -> None:
    made = ask(*TWO, stores=BOTH)
    lines = [p for p in parts(made).iter(f"{SVG}path") if p.get("marker-end")]
    assert {p.get("stroke-width") for p in lines if p.get("marker-end") == "url(#worst)"} == {"4.0"}
    assert {p.get("stroke-width") for p in lines if p.get("marker-end") == "url(#quiet)"} == {"1.4"}
    assert "1,2" in words(made)


def test_closed_ways_are_dashed_and_marked_and_both_dates_are_shown() -> None:
    later = Network(
        [f for f in TWO if f.kind != "no_auth"], list(BOTH), looked_at={("no_auth", "")}
    )
    made = answer([Dated("2026-08-17", Network(list(TWO), list(BOTH))), Dated("2026-08-24", later)])
    shown = words(made)
    assert "2026-08-17: 2 stores open" in shown
    assert "2026-08-24: 1 store open" in shown
    assert "✕" in shown
    dashed = [p for p in parts(made).iter(f"{SVG}path") if p.get("marker-end") == "url(#closed)"]
    assert dashed
    assert all(p.get("stroke-dasharray") for p in dashed)


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("html", [True, False])
def test_hostile_names_are_shown_and_do_nothing(name: str, html: bool) -> None:
    service = f"service:{name}:22/tcp"
    facts = [
        Fact("reach", INTERNET, service), Fact("no_auth", service), Fact("hosts", f"asset:{name}", service),
        Fact("in_zone", f"asset:{name}", f"zone:{name}"), Fact("hosts", f"asset:{name}", f"store:{name}"),
    ]  # fmt: skip
    text = drawn(ask(*facts, stores=(StoreAtEnd(name, 5),)), html=html)
    assert "<script" not in text
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\u202a-\u202e\ud800-\udfff]", text)
    assert text.encode("utf-8")
    if not html:
        tree = ElementTree.fromstring(text)
        assert not [a for e in tree.iter() for a in e.attrib if a.lower().startswith("on")]


@pytest.mark.parametrize("html", [True, False])
def test_nothing_comes_from_outside_and_nothing_runs(html: bool) -> None:
    text = drawn(ask(*MODEL), html=html).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//|<script|<iframe|<link|@import|url\((?!#)|src=|href=", text)


def test_no_way_is_said_in_words() -> None:
    assert any("No way" in w for w in words(ask()))


def test_ten_thousand_assets_fold_to_those_on_ways() -> None:
    facts = list(MODEL)
    for n in range(10_000):
        facts += [
            Fact("in_zone", f"asset:h{n}", "zone:mgmt"),
            *entry(f"h{n}", 22, begin="zone:mgmt"),
        ]
    made = ask(*facts)
    text = drawn(made, html=False)
    assert len(text) < 40_000
    assert any("10,000 assets on no listed way" in w for w in words(made))


def test_many_stores_and_ways_stay_on_a_sheet() -> None:
    facts, stores = [], []
    for n in range(300):
        facts += [*entry(f"h{n}", 80, "no_auth"), Fact("in_zone", f"asset:h{n}", f"zone:z{n % 9}"),
                  Fact("hosts", f"asset:h{n}", f"store:s{n}")]  # fmt: skip
        stores.append(StoreAtEnd(f"s{n}", n))
    made = ask(*facts, stores=tuple(stores))
    assert any("more ways are listed and not drawn" in w for w in words(made))
    box = parts(made).get("viewBox") or ""
    assert float(box.split()[3]) < 1600


def test_the_page_tells_the_worst_way_and_the_fixes_in_words_beneath() -> None:
    text = drawn(ask(*MODEL), html=True)
    assert "the worst way, to crm" in text
    assert "What to do first" in text
    assert "closes 54,000,000 people" in text


def _boxes(made: Answer) -> dict[str, list[tuple[str, str]]]:
    """Return where each named box stands, top picture first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for text in parts(made).iter(f"{SVG}text"):
        if text.get("font-weight") == "600" and text.get("font-size") == "13":
            found.setdefault(text.text or "", []).append((text.get("x", ""), text.get("y", "")))
    return found


def test_every_place_stands_where_it_stood_before() -> None:
    later = Network(
        [f for f in TWO if f.kind != "no_auth"], list(BOTH), looked_at={("no_auth", "")}
    )
    made = answer([Dated("2026-08-17", Network(list(TWO), list(BOTH))), Dated("2026-08-24", later)])
    boxes = {name: at for name, at in _boxes(made).items() if len(at) == 2}
    shift = {float(b[1][1]) - float(b[0][1]) for b in boxes.values()}
    assert len(boxes) > 3 and len(shift) == 1, boxes
    assert all(b[0][0] == b[1][0] for b in boxes.values())


def test_the_numbered_moves_stand_in_words_beneath() -> None:
    assert any(re.match(r"1,2  .+ → .+: ", w) for w in words(ask(*TWO, stores=BOTH)))
