"""Rules of folders, compiled; and kept, so that the next time takes well under a second.

What is kept is plain JSON, named by the digest of every rule file's path and bytes and of our own code: a changed
rule, or another version of Amends, never meets an old compilation. What cannot be read back is compiled anew.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from importlib import metadata
from itertools import starmap
from pathlib import Path
from typing import Any

import orjson

from amends.kernel import ids
from amends.kernel.errors import UsageError
from amends.timeline.sigma.reading_rules import RuleFile, rule_files
from amends.timeline.sigma.rules import Correlation, First, Predicate, Refusal, Rule, RuleSet

OWN = "own"
_log = logging.getLogger(__name__)


def own_rules() -> Path:
    """Return the folder of our own rules."""
    return Path(__file__).resolve().parent.parent / "rules"


def cache_folder() -> Path:
    """Return where compiled rules are kept: ``$XDG_CACHE_HOME/amends/sigma``, else under the home folder."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "amends" / "sigma"


def load_rules(
    folders: Sequence[Path] = (), *, own: bool = False, keep: Path | None = None
) -> RuleSet:
    """Return the rules of folders (or files), compiled.

    Args:
        folders: Folders of ``.yml`` files, or single files.
        own: Add our own rules. They are taken alone when there are no folders.
        keep: Where compiled rules are kept; by default ``cache_folder()``.

    Raises:
        UsageError: There is nothing at a path.
    """
    files: list[RuleFile] = []
    if own or not folders:
        files.extend(rule_files(own_rules(), OWN))
    for folder in folders:
        if not folder.exists():
            raise UsageError(
                "There is no such folder of rules", where=str(folder), remedy="check the path"
            )
        files.extend(rule_files(folder, folder.resolve().name))
    place = (keep or cache_folder()) / f"{_digest(files)}.json"
    kept = _read(place)
    if kept is not None:
        return kept
    from amends.timeline.sigma.compiling import compile_rules  # noqa: PLC0415 - pySigma takes half a second to import

    made = compile_rules(files)
    _write(place, made)
    return made


@cache
def _code_digest() -> str:
    here = Path(__file__).resolve().parent
    versions = [metadata.version(name) for name in ("pysigma", "pyarrow")]
    return ids.digest_files(here.glob("*.py"), here) + " ".join(versions)


def _digest(files: Sequence[RuleFile]) -> str:
    state = hashlib.sha256(_code_digest().encode())
    for file in files:
        content = (
            file.content
            if file.content is not None
            else (file.refusal.reason if file.refusal else "").encode()
        )
        head = json.dumps([file.pack, file.path, len(content), file.content is not None])
        state.update(head.encode() + b"\n")
        state.update(content)
    return state.hexdigest()


def _write(place: Path, made: RuleSet) -> None:
    """Keep a compilation, whole or not at all; a folder that cannot be written costs time, not the run."""
    content = json.dumps(
        {"whens": made.whens, "n_files": made.n_files, **_lists(made)}, separators=(",", ":")
    )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=place.parent, suffix=".part", delete=False, encoding="utf-8"
        ) as file:
            file.write(content)
        Path(file.name).replace(place)
    except OSError:
        _log.warning("compiled rules could not be kept; they will be compiled again")


def _lists(made: RuleSet) -> dict[str, Any]:
    return {
        "predicates": [list(p) for p in made.predicates],
        "rules": [asdict(r) for r in made.rules],
        "correlations": [asdict(c) for c in made.correlations],
        "refusals": [asdict(r) for r in made.refusals],
    }


def _read(place: Path) -> RuleSet | None:
    try:
        with _no_collection():
            found = _parsed(place.read_bytes())
            return RuleSet(
                tuple(starmap(Predicate, found["predicates"])),
                tuple(found["whens"]),
                tuple(_rule(r) for r in found["rules"]),
                tuple(_correlation(c) for c in found["correlations"]),
                tuple(Refusal(**r) for r in found["refusals"]),
                found["n_files"],
            )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        _log.warning("kept rules could not be read back; they are compiled again")
        return None


@contextmanager
def _no_collection() -> Iterator[None]:
    """Build many values without looking for garbage in between: there is none, and looking takes as long again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _parsed(content: bytes) -> dict[str, Any]:
    """Return what was kept; a rule may hold half a character, which only the slower reader takes."""
    try:
        found: dict[str, Any] = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = json.loads(content)
    return found


def _rule(row: dict[str, Any]) -> Rule:
    first = row.pop("first")
    made = First(tuple(first["by"]), tuple(first["of"])) if first else None
    return Rule(**{**row, "tags": tuple(row["tags"]), "first": made})


def _correlation(row: dict[str, Any]) -> Correlation:
    lists = {w: tuple(row[w]) for w in ("tags", "refers", "group_by", "group_names", "fields")}
    return Correlation(**{**row, **lists})
