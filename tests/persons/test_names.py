from __future__ import annotations

import numpy as np
import pytest

from amends.persons import names

PAIRS = [
    ("ANNA", "ANNA", names.EQUAL),
    ("DE LA CRUZ", "DELACRUZ", names.EQUAL),
    ("ROBERT", "BOB", names.NICKNAME),
    ("JOSE", "PEPE", names.NICKNAME),
    ("J", "JOHN", names.INITIAL),
    ("J", "MARY", names.DIFFERENT),
    ("AMY", "AYM", names.NEAR),
    ("SAMUEL", "SABUEL", names.NEAR),
    ("MARY ANN", "MARY", names.PART),
    ("GARCIA LOPEZ", "LOPEZ", names.PART),
    ("ANNA", "BORIS", names.DIFFERENT),
    ("", "ANNA", names.MISSING),
    ("", "", names.MISSING),
]


@pytest.mark.parametrize(("one", "two", "level"), PAIRS)
def test_two_given_names_agree_by_level(one: str, two: str, level: int) -> None:
    table = names.name_table(sorted({"", one, two}))
    a, b = (np.array([table.values.index(v)], np.int32) for v in (one, two))
    assert names.compare_names(a, b, table, nicknames=True).tolist() == [level]
    assert names.compare_names(b, a, table, nicknames=True).tolist() == [level]


def test_a_short_form_counts_for_given_names_only() -> None:
    table = names.name_table(["", "BOB", "ROBERT"])
    a, b = np.array([1], np.int32), np.array([2], np.int32)
    assert names.compare_names(a, b, table, nicknames=False).tolist() == [names.DIFFERENT]


def test_names_that_sound_alike_share_a_key() -> None:
    assert names.sound_of("CATHERINE") == names.sound_of("KATHRYN")
    assert names.sound_of("SMITH") == names.sound_of("SMYTHE")
    assert names.sound_of("SMITH") != names.sound_of("JONES")
    assert names.sound_of("") == ""


def test_a_name_is_common_even_in_a_table_that_has_it_once() -> None:
    table = names.name_table(["", "SMITH", "ZBYSZEWSKI"])
    share = names.counts_as_shares(np.array([0, 1, 1]), table, "surnames")
    assert share[1] > 50 * share[2]
