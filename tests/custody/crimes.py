"""Random tampering with a case's evidence: what a thief, a clumsy hand or a bad disk might do."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

from amends.custody import Tags, exhibits, take_in
from amends.custody.verify import Witness, verify_folder
from amends.kernel import ids
from amends.kernel.case import Case

CSV = b"name,ssn\nAnn,900-12-3456\nBen,900-12-3457\n"
Lines = list[bytes]


def fill(case: Case, folder: Path) -> None:
    """Take seven exhibits into a case, in two intakes."""
    (folder / "in").mkdir()
    for n in range(6):
        (folder / "in" / f"{n}.csv").write_bytes(CSV + b"%d,x\n" % n)
    (folder / "late.csv").write_bytes(CSV * 3)
    take_in(case, [folder / "in"], Tags())
    take_in(case, [folder / "late.csv"], Tags())


class Trials:
    """Tampers with a filled case again and again, and puts everything back."""

    def __init__(self, case: Case, seed: int) -> None:
        self._case = case
        self._home = case.folder / "evidence"
        self._journal = self._home / "journal.jsonl"
        self._dice = random.Random(seed)
        self._numbers = {case.folder / e.place: e.exhibit_id for e in exhibits(case.folder)}
        self._whole = {p: p.read_bytes() for p in self._home.rglob("*") if p.is_file()}
        self._witnesses = [
            Witness(int(line.body["journal_seq"]), str(line.body["journal_head"]))
            for line in case.ledger.lines()
            if line.act == "add"
        ]

    def run(self, count: int) -> list[str]:
        """Return the trials that were not found, or whose target no sentence names."""
        missed = []
        for _ in range(count):
            kind, names = self._one()
            said = verify_folder(self._case.folder, self._witnesses)
            if not said:
                missed.append(f"{kind}: not found")
            elif not all(any(name in fault for fault in said) for name in names):
                missed.append(f"{kind}: {names} not named in {said}")
            self._restore()
        return missed

    def _restore(self) -> None:
        for path in self._home.rglob("*"):
            if path.is_file() and path not in self._whole:
                path.unlink()
        for path, payload in self._whole.items():
            if not path.exists() or path.read_bytes() != payload:
                path.unlink(missing_ok=True)
                path.write_bytes(payload)

    def _one(self) -> tuple[str, tuple[str, ...]]:
        if self._dice.random() < 0.45:
            return self._with_an_exhibit()
        return self._with_the_journal()

    def _with_an_exhibit(self) -> tuple[str, tuple[str, ...]]:
        dice = self._dice
        files = sorted(self._numbers)
        target = dice.choice(files)
        target.chmod(0o600)
        payload = bytearray(target.read_bytes())
        name = f"exhibit {self._numbers[target]} "
        kind = dice.choice(["flip", "cut", "grow", "remove", "add", "swap", "link"])
        if kind == "flip":
            payload[dice.randrange(len(payload))] ^= 1 << dice.randrange(8)
            target.write_bytes(payload)
        elif kind == "cut":
            target.write_bytes(payload[: dice.randrange(len(payload))])
        elif kind == "grow":
            target.write_bytes(payload + b"x")
        elif kind in ("remove", "link"):
            target.unlink()
            if kind == "link":
                target.symlink_to(dice.choice([f for f in files if f != target]))
        elif kind == "add":
            planted = self._home / f"new-{dice.randrange(99)}"
            planted.write_bytes(b"planted")
            name = planted.name
        else:
            other = dice.choice([f for f in files if f != target])
            other.chmod(0o600)
            theirs = other.read_bytes()
            other.write_bytes(payload)
            target.write_bytes(theirs)
            return kind, (name, f"exhibit {self._numbers[other]} ")
        return kind, (name,)

    def _with_the_journal(self) -> tuple[str, tuple[str, ...]]:
        dice = self._dice
        lines = self._journal.read_bytes().splitlines(keepends=True)
        place = dice.randrange(len(lines))
        kind = dice.choice(list(_ON_LINES))
        name = _ON_LINES[kind](lines, place, dice)
        whole = b"".join(lines)
        self._journal.chmod(0o600)
        self._journal.write_bytes(
            whole[: dice.randrange(len(whole))] if kind == "cut_byte" else whole
        )
        if kind == "remove_journal":
            self._journal.unlink()
        return kind, (name,)


def _flip(lines: Lines, place: int, dice: random.Random) -> str:
    line = bytearray(lines[place])
    line[dice.randrange(len(line))] ^= 1 << dice.randrange(7)
    lines[place] = bytes(line)
    return "journal line"


def _drop(lines: Lines, place: int, dice: random.Random) -> str:
    del lines[place]
    return "journal"


def _swap(lines: Lines, place: int, dice: random.Random) -> str:
    other = (place + 1 + dice.randrange(len(lines) - 1)) % len(lines)
    lines[place], lines[other] = lines[other], lines[place]
    return f"journal line {min(place, other) + 1}"


def _double(lines: Lines, place: int, dice: random.Random) -> str:
    lines.insert(dice.randrange(len(lines)), lines[place])
    return "journal line"


def _cut(lines: Lines, place: int, dice: random.Random) -> str:
    del lines[place:]
    return "journal"


def _insert(lines: Lines, place: int, dice: random.Random) -> str:
    lines.insert(place, b'{"seq": 1}\n')
    return f"journal line {place + 1}"


def _forge(lines: Lines, place: int, dice: random.Random) -> str:
    """Change every line from a place on, and seal them anew."""
    prev = json.loads(lines[place])["prev"]
    for at in range(place, len(lines)):
        body = json.loads(lines[at])
        body |= {"actor": "somebody else", "prev": prev}
        body["digest"] = ids.digest_value({k: v for k, v in body.items() if k != "digest"})
        prev = body["digest"]
        lines[at] = ids.canonical_json(body).encode() + b"\n"
    return "journal"


def _nothing(lines: Lines, place: int, dice: random.Random) -> str:
    return "journal"


_ON_LINES: dict[str, Callable[[Lines, int, random.Random], str]] = {
    "flip_line": _flip,
    "drop_line": _drop,
    "swap_lines": _swap,
    "double_line": _double,
    "cut_journal": _cut,
    "cut_byte": _nothing,
    "add_line": _insert,
    "forge": _forge,
    "remove_journal": _nothing,
}
