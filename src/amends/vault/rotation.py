"""Give tokens a new key, piece by piece, while they are in use; start again after a kill and it goes on.

1. **Begin.** A new version of the data key is made. AES-SIV tokens say their version, so the new one is *active* at
   once: who protects from now on uses it, and both versions can be read. FF1 tokens do not, so the new version is
   *pending* until every place is done; each place keeps a mark of how far it has come.
2. **Turn.** Each chunk is read, revealed, protected and written in one transaction, or one swap of a file, with its
   mark.
3. **Prove.** Every place is read again: no token of an older version is left. Only then is the rotation ended; an FF1
   domain now changes to the new version.
4. The older version is dropped by hand (``shredding.py``), against this proof.

Source:
    NIST SP 800-57 part 1, sections 5.3.4 (cryptoperiods) and 8.2.3 (key change).
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from amends.kernel import ids
from amends.kernel.errors import BusyError, TableError, UsageError
from amends.kernel.progress import Progress, Silent, step
from amends.vault.chunks.base import Chunks
from amends.vault.ciphers import PREFIXES, ColumnCipher, Scheme
from amends.vault.columns import equal_lengths
from amends.vault.keyfile import KeyFile
from amends.vault.keyring import Keyring
from amends.vault.schemes import written


@dataclass(frozen=True)
class Rotation:
    """A rotation, under way or done.

    Attributes:
        vault_id: Of which vault.
        domain: Whose tokens.
        scheme: Of which kind.
        old: Version they had when it began (the newest of the older ones).
        new: Version they get.
        rows: Rows turned by this run.
        held: Tokens by version, counted in every place after the run; empty for FF1, whose tokens do not say.
        ended: Whether the new version is now the only one held in the places given.
    """

    vault_id: str
    domain: str
    scheme: Scheme
    old: int
    new: int
    rows: int = 0
    held: Mapping[int, int] | None = None
    ended: bool = False

    @property
    def mark(self) -> str:
        """What a place writes beside a chunk that has been through."""
        return "R" + ids.digest_value([self.vault_id, self.domain, self.scheme, self.new])[:16]


def rotate(
    keyring: Keyring,
    domain: str,
    places: Sequence[Chunks],
    scheme: Scheme = "siv",
    progress: Progress | None = None,
) -> Rotation:
    """Give every token of a domain a new key, in the places given; a rotation under way is gone on with.

    Args:
        keyring: The vault's keys.
        domain: Whose tokens.
        places: Every place that holds tokens of this domain. For FF1 all of them must be named at once, and nothing
            else may write to them meanwhile: a token of FF1 does not say its version.
        scheme: Of which kind.
        progress: Where to say how far it is.

    Returns:
        The rotation, ended.

    Raises:
        UsageError: The domain has no key.
        TableError: A value is no token of this domain; what was done stands, and the rest is as it was.
        BusyError: Another rotation of this vault is running.
    """
    if not places:
        raise UsageError(
            "No place was named whose tokens shall be turned",
            where=domain,
            remedy="name each table and column, or folder, that holds tokens of this domain",
        )
    with _alone(keyring.folder):
        made = _begin(keyring, domain, scheme)
        cipher = keyring.cipher(domain, scheme)
        rows = sum(_turn(made, cipher, place, progress or Silent()) for place in places)
        # A value written with the old version by someone who had just asked for it is found by a second look.
        held = _held(made, places)
        if scheme != "ff1" and any(v != made.new for v in held):
            rows += sum(_again(made, cipher, place) for place in places)
            held = _held(made, places)
        done = replace(made, rows=rows, held=held, ended=all(v == made.new for v in held))
        if done.ended:
            _end(keyring, done)
            for place in places:
                place.forget(made.mark)
    return done


def holdings(
    keyring: Keyring, domain: str, places: Sequence[Chunks], scheme: Scheme
) -> dict[int, int]:
    """Return how many tokens of each version the places hold; the proof that a version can be dropped.

    Raises:
        UsageError: The scheme is ``ff1``: its tokens do not say their version.
    """
    if scheme == "ff1":
        raise UsageError(
            "FF1 tokens do not say which version made them",
            where=domain,
            remedy="end their rotation: then none of the old version is left in the places that were named",
        )
    return _held(Rotation(keyring.vault_id, domain, scheme, 0, 0), places)


def reading(keyring: Keyring, domain: str, place: Chunks, piece: str) -> dict[str, pa.Array]:
    """Return what an FF1 place holds in clear, in the midst of a rotation too: the mark says which version to use."""
    found = place.read(piece)
    cipher = keyring.cipher(domain, "ff1")
    waiting = [k.version for k in keyring.versions("ff1", domain) if k.state == "pending"]
    if waiting and Rotation(keyring.vault_id, domain, "ff1", 0, waiting[-1]).mark in found.marks:
        cipher = cipher.at(waiting[-1])
    return {name: cipher.reveal(values) for name, values in found.columns.items()}


def _begin(keyring: Keyring, domain: str, scheme: Scheme) -> Rotation:
    """Return the rotation that is under way, or begin one."""
    whose = (keyring.vault_id, domain, scheme)
    held = keyring.versions(scheme, domain)
    if not held:
        raise UsageError(
            f"The vault has no key for {domain} ({scheme})",
            where=str(keyring.folder),
            remedy="see what it has with: amends vault keys",
        )
    active = keyring.active(scheme, domain)
    under_way = _under_way(keyring, domain, scheme)
    if scheme == "ff1":
        waiting = [k.version for k in held if k.state == "pending"]
        if waiting:
            return Rotation(*whose, active, waiting[-1])
        if under_way == active:  # killed between the change of version and the last line
            return Rotation(*whose, active, active)
    elif under_way == active:
        return Rotation(*whose, active - 1, active)
    new = held[-1].version + 1
    told: dict[str, object] = {"domain": domain, "scheme": scheme, "old": active, "new": new}
    with keyring.changing("rotation.begun", told) as change:
        change.file = keyring.with_new_version(
            change.file, scheme, domain, form=held[-1].form, pending=scheme == "ff1"
        )
    return Rotation(*whose, active, new)


def _under_way(keyring: Keyring, domain: str, scheme: Scheme) -> int:
    """Return the version a rotation that was not ended leads to; 0 when there is none."""
    found = 0
    for line in keyring.ledger.lines():
        if (line.body.get("domain"), line.body.get("scheme")) == (domain, scheme):
            if line.act == "rotation.begun":
                found = int(line.body["new"])
            elif line.act == "rotation.ended":
                found = 0
    return found


def _turn(made: Rotation, cipher: ColumnCipher, place: Chunks, progress: Progress) -> int:
    rows = 0
    with step(progress, f"turning {place.name}", unit="rows") as task:
        for piece in place.todo(made.mark):
            n = place.change(piece, made.mark, lambda columns: _renewed(made, cipher, columns))
            rows += n
            task.advance(n)
    return rows


def _again(made: Rotation, cipher: ColumnCipher, place: Chunks) -> int:
    """Turn what still has an older version, whatever mark its piece bears; for tokens that say their version."""
    second = f"{made.mark}-{ids.new(3)}"
    return sum(
        place.change(piece, second, lambda columns: _renewed(made, cipher, columns))
        for piece in place.pieces()
        if any(v != made.new for v in _versions(made.scheme, place.read(piece).columns))
    )


def _renewed(
    made: Rotation, cipher: ColumnCipher, columns: Mapping[str, pa.Array]
) -> dict[str, pa.Array]:
    old, new = (
        (cipher.at(made.old), cipher.at(made.new)) if made.scheme == "ff1" else (cipher, cipher)
    )
    return {name: new.protect(old.reveal(values)) for name, values in columns.items()}


def _held(made: Rotation, places: Sequence[Chunks]) -> dict[int, int]:
    """Count tokens by version; for FF1, see that every piece bears the mark."""
    found: Counter[int] = Counter()
    for place in places:
        if made.scheme == "ff1":
            if any(True for _ in place.todo(made.mark)):
                raise TableError(
                    "Rows were written while their tokens were being turned",
                    where=place.name,
                    remedy="keep writers out and run the same command again",
                )
            continue
        for piece in place.pieces():
            found.update(_versions(made.scheme, place.read(piece).columns))
    return dict(found)


def _versions(scheme: Scheme, columns: Mapping[str, pa.Array]) -> Counter[int]:
    found: Counter[int] = Counter()
    for values in columns.values():
        for _, _, matrix in equal_lengths(values):
            for version, rows in written.claims(PREFIXES[scheme], matrix):
                found[version] += len(rows)
    return found


def _end(keyring: Keyring, done: Rotation) -> None:
    told: dict[str, object] = {
        "domain": done.domain, "scheme": done.scheme, "new": done.new, "rows": done.rows
    }  # fmt: skip
    held = {str(version): n for version, n in (done.held or {}).items()}
    if done.scheme == "ff1" and keyring.active("ff1", done.domain) != done.new:
        with keyring.changing("rotation.ended", told | {"held": held}) as change:
            change.file = _activated(change.file, done)
        return
    keyring.ledger.append("rotation.ended", **told, held=held)


def _activated(file: KeyFile, done: Rotation) -> KeyFile:
    states = {"active": "retired", "pending": "active"}
    keys = tuple(
        replace(k, state=states.get(k.state, k.state)) if k.place == ("ff1", done.domain) else k  # type: ignore[arg-type]  # states of HeldKey
        for k in file.keys
    )
    return replace(file, keys=keys)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / ".rotation.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BusyError(
            "A rotation of this vault is running",
            where=str(folder),
            remedy="wait until it is done and run the command again",
        ) from error
    finally:
        os.close(descriptor)
