"""One published edition: a folder that is whole, signed by the case, and never changed.

EDITION/edition.json   what was determined (without the letters), counts, a digest of every file; signed
EDITION/classes.bin    the answers with their letters
EDITION/codes.keys     keyed hash of a letter code -> class
EDITION/links.keys     keyed hash of an account reference or of an older code -> keyed hash of the person's code
EDITION/moved.json     old handle -> handle, of persons that became part of another
EDITION/static/        pages that any web server can serve
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from amends.kernel import ids
from amends.kernel.errors import TableError
from amends.portal.classes import ClassFile
from amends.portal.frozen import from_json, to_json
from amends.portal.lookup import KeyFile
from amends.portal.shapes import Determination
from amends.vault.signing import SigningKey, verify

FORMAT = 1
CURRENT = "current"
EDITIONS = "editions"
HALF = ".half-"
FACTS, CLASSES, CODES, LINKS, MOVED = (
    "edition.json", "classes.bin", "codes.keys", "links.keys", "moved.json",
)  # fmt: skip
_NAME = re.compile(r"\d{4,}-[0-9a-f]{8}")


@dataclass(frozen=True)
class EditionFacts:
    """What ``edition.json`` says.

    Attributes:
        name: Name of its folder.
        made_at: When it was made.
        found: The determination, without its classes.
        counts: ``people, undecided, accounts, moved, classes, unsure_codes, shared_accounts, unread_accounts``.
        files: Path in the folder -> (bytes, SHA-256).
    """

    name: str
    made_at: str
    found: Determination
    counts: Mapping[str, int]
    files: Mapping[str, tuple[int, str]]

    @property
    def number(self) -> int:
        """Return the number of the edition."""
        return self.found.edition.edition


@dataclass(frozen=True)
class Edition:
    """An edition, opened for look-ups.

    Attributes:
        folder: Its folder.
        facts: What it says of itself.
        codes: Keyed hash of a code -> class, -1 = not yet decided.
        links: Keyed hash of an account reference or older code -> keyed hash of a code, 0 = not yet decided.
        classes: The answers.
    """

    folder: Path
    facts: EditionFacts
    codes: KeyFile
    links: KeyFile
    classes: ClassFile

    @property
    def number(self) -> int:
        """Return the number of the edition."""
        return self.facts.number

    @property
    def found(self) -> Determination:
        """Return the determination, without its classes: read those one by one."""
        return self.facts.found

    @cached_property
    def moved(self) -> Mapping[str, str]:
        """Return old handle -> handle of persons that became part of another."""
        held: dict[str, str] = json.loads((self.folder / MOVED).read_text("utf-8"))
        return held


def current_name(published: Path) -> str:
    """Return the name of the edition that is served, "" while there is none."""
    try:
        name = (published / CURRENT).readlink().name
    except OSError:
        return ""
    return name if _NAME.fullmatch(name) else ""


def edition_names(published: Path) -> list[str]:
    """Return the names of the editions there."""
    try:
        return sorted(e.name for e in os.scandir(published / EDITIONS) if _NAME.fullmatch(e.name))
    except FileNotFoundError:
        return []


def list_files(folder: Path) -> list[Path]:
    """Return every file of an edition but ``edition.json``, in order."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and p != folder / FACTS)


def write_facts(
    folder: Path, found: Determination, counts: Mapping[str, int], made_at: str, key: SigningKey
) -> str:
    """Write ``edition.json`` over the files of a folder, signed; return the name the edition takes."""
    files = {
        p.relative_to(folder).as_posix(): [p.stat().st_size, ids.digest_file(p)]
        for p in list_files(folder)
    }
    body = {
        "format": FORMAT,
        "made_at": made_at,
        "found": to_json(replace(found, classes=())),
        "counts": dict(counts),
        "files": files,
    }
    text = ids.canonical_json(body)
    signed = {"body": body, "signature": key.sign(text.encode()).hex()}
    (folder / FACTS).write_text(json.dumps(signed, ensure_ascii=False) + "\n", "utf-8")
    return f"{found.edition.edition:04d}-{ids.digest_text(text)[:8]}"


def read_facts(folder: Path, public: bytes) -> EditionFacts:
    """Read ``edition.json`` and check its signature and its name.

    Raises:
        TableError: It is not what the case signed.
    """
    try:
        held = json.loads((folder / FACTS).read_text("utf-8"))
        body, signature = held["body"], bytes.fromhex(held["signature"])
        text = ids.canonical_json(body)
        if body["format"] != FORMAT:
            raise not_whole(folder, "another version of Amends made it")
        if not verify(public, text.encode(), signature):
            raise not_whole(folder, f"{FACTS} is not what the case signed")
        found = from_json(Determination, body["found"])
        made = EditionFacts(
            f"{found.edition.edition:04d}-{ids.digest_text(text)[:8]}",
            str(body["made_at"]),
            found,
            {str(k): int(v) for k, v in body["counts"].items()},
            {str(k): (int(v[0]), str(v[1])) for k, v in body["files"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise not_whole(folder, f"{FACTS} cannot be read") from error
    if folder.name != made.name and not folder.name.startswith(HALF):
        raise not_whole(folder, "its folder was renamed")
    return made


def file_faults(folder: Path, facts: EditionFacts) -> list[str]:
    """Return what is wrong with the files of an edition: missing, changed, or not its own."""
    there = {p.relative_to(folder).as_posix(): p for p in list_files(folder)}
    wrong = [f"{name} is missing" for name in facts.files if name not in there]
    wrong += [f"{name} does not belong to the edition" for name in there if name not in facts.files]
    for name, (size, digest) in facts.files.items():
        path = there.get(name)
        if path is not None and (path.stat().st_size != size or ids.digest_file(path) != digest):
            wrong.append(f"{name} was changed")
    return wrong


def open_edition(folder: Path, public: bytes) -> Edition:
    """Open an edition after checking every file against what the case signed.

    Raises:
        TableError: A file is missing or is not what was published.
    """
    facts = read_facts(folder, public)
    wrong = file_faults(folder, facts)
    if wrong:
        raise not_whole(folder, wrong[0])
    opened = Edition(
        folder, facts, KeyFile(folder / CODES), KeyFile(folder / LINKS), ClassFile(folder / CLASSES)
    )
    if opened.classes.n_classes != facts.counts["classes"]:
        raise not_whole(folder, f"{CLASSES} holds another number of answers")
    return opened


def not_whole(folder: Path, why: str) -> TableError:
    """Return the error of an edition that is not what was published."""
    return TableError(
        f"A published edition is not what was published: {why}",
        where=f"{EDITIONS}/{folder.name}",
        remedy="publish again with: amends portal publish CASE --to PUBLISHED",
    )
