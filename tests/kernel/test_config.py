"""``case.toml`` is checked to the key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.kernel.config import SETTINGS, read_config, toml_text
from amends.kernel.errors import AmendsError, TableError, UsageError


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "case.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[case]\nentiti = 'x'", "did you mean 'entity'"),
        ("[polcy]\nminors = 'hold'", "did you mean 'policy'"),
        ("[policy]\nminors = 'maybe'", "guardian or hold"),
        ("[engine]\nthreads = 'two'", "a whole number"),
        ("[engine]\nthreads = true", "a whole number"),
        ("name = 'x'", "put it under"),
        ("[case", "not TOML"),
    ],
)
def test_a_wrong_key_or_value_is_an_error_with_a_suggestion(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        read_config(_file(tmp_path, text))
    assert says in str(caught.value)


def test_a_case_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="newer Amends"):
        read_config(_file(tmp_path, "[case]\nformat = 99"))


def test_a_missing_case_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AmendsError, match="amends new"):
        read_config(tmp_path / "case.toml")


def test_sections_with_dots_are_read(tmp_path: Path) -> None:
    config = read_config(_file(tmp_path, "[channels.email]\nurl = 'smtp://127.0.0.1:2525'"))
    assert config.text("channels.email", "url") == "smtp://127.0.0.1:2525"
    assert config.text("channels.email", "from") == ""


@given(st.text(max_size=60).filter(lambda t: not any(0xD800 <= ord(c) <= 0xDFFF for c in t)))
def test_whatever_is_written_is_read_back(text: str) -> None:
    import tomllib

    assert tomllib.loads(toml_text({("case", "entity"): text}))["case"]["entity"] == text


def test_every_setting_says_what_it_means() -> None:
    assert all(s.means.endswith(".") for s in SETTINGS)
