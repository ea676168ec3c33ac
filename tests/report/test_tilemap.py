"""The map shows every state once."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from amends.report.tilemap import tiles


def test_every_state_and_territory_has_one_tile() -> None:
    names = re.findall(r'class="tile-name">(\w\w)<', tiles({}))
    assert len(names) == len(set(names)) == 50 + 1 + 5


def test_the_map_is_sound_svg_and_darker_means_more() -> None:
    drawn = tiles({"US-CA": 1_000_000, "US-NV": 3, "CA-ON": 5, "unknown": 9})
    root = ElementTree.fromstring(drawn)
    shades = {}
    for group in root:
        name, count = (group[0].text or "").split(": ")
        shades[name] = (count, group[1].attrib["fill"])
    assert shades["CA"] == ("1,000,000", "#123f5c")
    assert shades["NV"][0] == "3"
    assert shades["NV"][1] not in (shades["CA"][1], shades["OR"][1])
