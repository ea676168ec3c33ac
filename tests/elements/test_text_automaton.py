"""Compiled automata are kept for the next start, and only trusted ones are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.elements import text_automaton
from amends.elements.text_automaton import automaton

WORDS = (r"\bssn\b", r"\bpassport\b")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMENDS_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept"


def ends(text: bytes) -> list[tuple[int, int]]:
    hits: list[tuple[int, int]] = []
    automaton(WORDS).scan(text, match_event_handler=lambda n, _s, e, _f, _c: hits.append((e, n)))
    return hits


def count_compiles(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    compiled = text_automaton._compiled

    def counted(expressions: tuple[str, ...]) -> object:
        made.append(1)
        return compiled(expressions)

    monkeypatch.setattr(text_automaton, "_compiled", counted)
    return made


def test_a_second_start_reads_what_the_first_compiled(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = count_compiles(monkeypatch)
    assert ends(b"SSN and passport") == ends(b"SSN and passport") == [(3, 0), (16, 1)]
    assert len(made) == 1
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "open to all", "link"])
def test_a_file_that_cannot_be_trusted_is_compiled_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    ends(b"ssn")
    (file,) = folder.iterdir()
    body = file.read_bytes()
    if damage == "cut":
        file.write_bytes(body[:-9])
    elif damage == "changed":
        file.write_bytes(body[:200] + bytes([body[200] ^ 1]) + body[201:])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "open to all":
        file.chmod(0o666)
    else:
        file.rename(folder.parent / "elsewhere")
        file.symlink_to(folder.parent / "elsewhere")
    made = count_compiles(monkeypatch)
    assert ends(b"my ssn") == [(6, 0)]
    assert len(made) == 1


def test_nothing_is_read_from_a_folder_that_others_can_write(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends(b"ssn")
    folder.chmod(0o777)
    made = count_compiles(monkeypatch)
    ends(b"ssn")
    assert len(made) == 1


def test_a_folder_that_cannot_be_made_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AMENDS_CACHE", str(tmp_path / "file" / "kept"))
    assert ends(b"ssn") == [(3, 0)]


def test_it_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("AMENDS_CACHE", "off")
    ends(b"ssn")
    assert list(tmp_path.iterdir()) == []
