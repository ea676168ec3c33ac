from __future__ import annotations

import json
import stat
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.errors import TableError
from amends.vault import Tokens, create_keys

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=40)), max_size=30)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    folder = tmp_path_factory.mktemp("case") / "keys"
    create_keys(folder)
    return Tokens(folder)


@given(values=TEXTS)
@settings(deadline=None, max_examples=60)
def test_tokens_invert_and_nulls_stay_null(vault: Tokens, values: list[str | None]) -> None:
    column = pa.array(values, pa.string())
    tokens = vault.tokens("ssn", column)
    assert vault.reveal("ssn", tokens).equals(column)
    assert tokens.is_null().equals(column.is_null())


@given(values=TEXTS)
@settings(deadline=None, max_examples=60)
def test_tokens_and_fingerprints_are_equal_where_values_are(
    vault: Tokens, values: list[str | None]
) -> None:
    column = pa.array(values, pa.string())
    for kept in (vault.tokens("ssn", column), vault.fingerprints(column)):
        pairs = {(value, token) for value, token in zip(values, kept.to_pylist(), strict=True)}
        assert len(pairs) == len({value for value, _ in pairs}) == len({t for _, t in pairs})


def test_a_slice_with_nulls_gives_the_tokens_of_the_whole(vault: Tokens) -> None:
    column = pa.array(["900123456", None, "", "900-12-3456", "Zoë"] * 4)
    whole = vault.tokens("ssn", column)
    assert vault.tokens("ssn", column.slice(3, 9)).equals(whole.slice(3, 9))
    assert vault.tokens("ssn", column.slice(2, 1)).to_pylist() == [whole[2].as_py()]
    chunked = pa.chunked_array([column.slice(0, 3), column.slice(3)])
    assert vault.tokens("ssn", chunked).equals(whole)


def test_an_element_has_tokens_of_its_own(vault: Tokens) -> None:
    column = pa.array(["900123456"])
    assert not vault.tokens("ssn", column).equals(vault.tokens("itin", column))


def test_a_token_is_safe_in_a_path_and_hides_the_value(vault: Tokens) -> None:
    token = vault.tokens("ssn", pa.array(["900123456"]))[0].as_py()
    assert token.replace("-", "").replace("_", "").isalnum()
    assert "900" not in token or "123456" not in token


def test_the_same_case_gives_the_same_tokens_and_another_case_does_not(tmp_path: Path) -> None:
    column = pa.array(["900123456"])
    for name in ("a", "b"):
        create_keys(tmp_path / name)
    create_keys(tmp_path / "a")
    first = Tokens(tmp_path / "a").tokens("ssn", column)
    assert first.equals(Tokens(tmp_path / "a").tokens("ssn", column))
    assert not first.equals(Tokens(tmp_path / "b").tokens("ssn", column))
    with pytest.raises(TableError, match="not made with this case's key"):
        Tokens(tmp_path / "b").reveal("ssn", first)


@pytest.mark.parametrize("altered", ["x", "AAAA", "!!!!", "", "é", "A" * 34])
def test_what_is_no_token_is_refused_without_being_shown(vault: Tokens, altered: str) -> None:
    with pytest.raises(TableError) as failed:
        vault.reveal("ssn", pa.array([altered]))
    assert not altered or altered not in str(failed.value).replace("Amends", "")[:20]


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys" / "root.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [item.name for item in (tmp_path / "keys").iterdir()] == ["root.json"]


def test_a_missing_key_says_so(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="missing") as failed:
        Tokens(tmp_path)
    assert "backup" in failed.value.remedy


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "damaged"),
        ("not json", "damaged"),
        ("[]", "another version"),
        ('{"version": 9}', "another version"),
        ('{"version": 1, "root": "zz", "check": ""}', "damaged"),
    ],
)
def test_a_damaged_key_says_so(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "root.json").write_text(text)
    with pytest.raises(TableError, match=said):
        Tokens(tmp_path)


def test_a_key_with_one_digit_changed_is_noticed(tmp_path: Path) -> None:
    create_keys(tmp_path)
    held = json.loads((tmp_path / "root.json").read_text())
    held["root"] = ("0" if held["root"][0] != "0" else "1") + held["root"][1:]
    (tmp_path / "root.json").write_text(json.dumps(held))
    with pytest.raises(TableError, match="damaged"):
        Tokens(tmp_path)
