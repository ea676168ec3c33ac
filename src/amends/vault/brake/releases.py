"""Bulk releases: asked for by one, approved by two others, used once.

A release names its file of tokens by digest, so what is run is what was approved. It is written under another name and
given its own when it is whole; killed, it is run again and ends in the same file, once.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.kernel.errors import DeliveryError, TableError, UsageError
from amends.kernel.ledger import actor_name
from amends.vault.brake.brake import Brake
from amends.vault.brake.calls import Call
from amends.vault.brake.decide import authentic
from amends.vault.brake.lines import Act
from amends.vault.brake.masks import masked
from amends.vault.brake.reading import Reader
from amends.vault.brake.rules import is_case, key_digest
from amends.vault.brake.state import Release, State
from amends.vault.keyring import Keyring

APPROVALS_NEEDED = 2
MOST_HOURS = 24 * 14
_ROWS = 65_536


def ask_release(
    brake: Brake,
    keyring: Keyring,
    tokens: Path,
    *,
    domain: str,
    purpose: str,
    case: str,
    asker: tuple[str, str],
    hours: int,
    clear: bool,
) -> Release:
    """Ask for a release of a file of tokens, one a line; return what the two who approve will see.

    Args:
        brake: The vault's brake.
        keyring: The vault's keys.
        tokens: The file.
        domain: Domain of the tokens.
        purpose: A purpose of the asker's.
        case: Reference of the case.
        asker: Name of the actor who asks, and its key.
        hours: Until it lapses.
        clear: Whether values go out in clear.

    Raises:
        UsageError: Something is missing, or the file cannot be read.
        DeliveryError: The asker may not ask for this.
        TableError: Something in the file is no token of this domain.
    """
    if not 0 < hours <= MOST_HOURS:
        raise UsageError("That expiry cannot be", remedy=f"give 1 to {MOST_HOURS} hours")
    if not is_case(case):
        raise UsageError("A release needs the reference of a case", remedy="give --case T-1042")
    digest, count, numbers = _counted(brake, keyring, tokens, domain)
    name, key = asker
    now = brake.look()[1]
    made: list[Release] = []

    def make(state: State) -> list[Act]:
        _require_actor(state, name, key)
        may = state.purposes.get(purpose)
        if may is None or purpose not in state.actors[name].budgets:
            raise DeliveryError(
                "This actor may not ask for this purpose", where=purpose, remedy="ask the keeper"
            )
        if may.domains and domain not in may.domains:
            raise DeliveryError(
                "This purpose is not about this domain", where=domain, remedy="ask the keeper"
            )
        if clear and not may.clear:
            raise DeliveryError(
                "This purpose gives masked values only", where=purpose, remedy="leave --clear out"
            )
        release_id = f"R{len(state.releases) + 1:04d}"
        release = Release(
            release_id, name, domain, purpose, case, count, digest, clear, now + hours * 3600.0
        )
        made.append(release)
        held = int(np.isin(np.array(list(state.canaries), np.uint64), numbers).sum())
        return [("release.asked", {**asdict(release), "canaries": held, "by": actor_name()})]

    brake.record(make)
    return made[0]


def approve_release(brake: Brake, release_id: str, name: str, key: str) -> Release:
    """Approve a release, as an actor other than who asked, proved by its key.

    Raises:
        DeliveryError: There is no such release, it lapsed or was used, or this actor may not approve it.
    """

    def make(state: State) -> list[Act]:
        release = _require(state, release_id)
        _require_actor(state, name, key)
        if name == release.asked_by:
            raise DeliveryError(
                "Who asked for a release cannot approve it",
                where=release_id,
                remedy="ask two others",
            )
        if name in release.approved_by:
            raise DeliveryError(
                "This actor has approved it already; the second approval must come from another",
                where=release_id,
                remedy="ask somebody else",
            )
        if release.state != "asked":
            raise DeliveryError(
                "This release was used already", where=release_id, remedy="ask for a new one"
            )
        return [("release.approved", {"release_id": release_id, "name": name, "by": actor_name()})]

    _check_time(brake, release_id)
    brake.record(make)
    return brake.look()[0].releases[release_id]


def run_release(
    brake: Brake,
    keyring: Keyring,
    release_id: str,
    tokens: Path,
    target: Path | None,
    stream: IO[str] | None = None,
) -> int:
    """Write what was released, once; return the number of rows.

    Args:
        brake: The vault's brake.
        keyring: The vault's keys.
        release_id: The release.
        tokens: The file that was approved.
        target: File to write (mode 0600), which must not be there; ``None`` for ``stream``.
        stream: Where rows go when there is no file; cannot be resumed after a kill.

    Raises:
        DeliveryError: It may not be run; says why.
        TableError: The file is not what was approved, or the target cannot be written.
    """
    release = _check_time(brake, release_id)
    digest, _, _ = _counted(brake, keyring, tokens, release.domain)
    if digest != release.digest:
        raise DeliveryError(
            "The file of tokens is not the one that was approved",
            where=str(tokens),
            remedy="give the file that was named when the release was asked for",
        )
    if target is not None and release.state == "asked" and target.exists():
        raise UsageError(
            "There is a file of that name already", where=str(target), remedy="name another"
        )
    place = brake.index("target").text_hashes(pa.array([str(target.resolve()) if target else "-"]))
    brake.record(
        lambda state: _begun(
            state, release_id, f"{int(place[0]):016x}", resumable=target is not None
        )
    )
    if target is None:
        assert stream is not None
        rows = _write(keyring, release, tokens, stream)
    else:
        rows = _write_file(keyring, release, tokens, target)
    brake.record(
        lambda state: [
            ("release.done", {"release_id": release_id, "rows": rows, "by": actor_name()})
        ]
    )
    return rows


def _begun(state: State, release_id: str, place: str, resumable: bool) -> list[Act]:
    release = _require(state, release_id)
    if release.state == "done" or (
        release.state == "begun" and not (resumable and release.target == place)
    ):
        raise DeliveryError(
            "This release was used already"
            + (
                ""
                if release.state == "done"
                else "; it can only be ended in the file it was begun in"
            ),
            where=release_id,
            remedy="ask for a new one: amends vault release ask VAULT",
        )
    if len(set(release.approved_by) - {release.asked_by}) < APPROVALS_NEEDED:
        raise DeliveryError(
            f"Release {release_id} ({release.count:,} tokens) needs the approval of two actors who did not ask for it; "
            f"so far: {', '.join(release.approved_by) or 'nobody'}",
            remedy=f"amends vault release approve VAULT {release_id} --as NAME --key-file FILE",
        )
    again = release.state == "begun"
    body = {"release_id": release_id, "target": place, "n": release.count, "by": actor_name()}
    return [("release.again" if again else "release.begun", body)]


def _check_time(brake: Brake, release_id: str) -> Release:
    state, now = brake.look()
    release = _require(state, release_id)
    if now > release.expires_at:
        raise DeliveryError("This release has lapsed", where=release_id, remedy="ask for a new one")
    return release


def _require(state: State, release_id: str) -> Release:
    found = state.releases.get(release_id)
    if found is None:
        raise DeliveryError(
            "There is no such release",
            where=release_id[:16],
            remedy="amends vault release list VAULT shows them",
        )
    return found


def _require_actor(state: State, name: str, key: str) -> None:
    call = Call(name, key_digest(key), -1, "", "", "")
    if not authentic(state.actors.get(name), call):
        raise DeliveryError(
            "The name or the key is not right", remedy="give --as NAME --key-file FILE"
        )
    if name in state.stopped:
        raise DeliveryError(
            "This actor is stopped", where=name, remedy="ask the keeper of the vault"
        )


def _counted(
    brake: Brake, keyring: Keyring, path: Path, domain: str
) -> tuple[str, int, NDArray[np.uint64]]:
    """Return digest, number of distinct tokens, and their keyed numbers; every line must be a token."""
    state, index, reader = hashlib.sha256(), brake.index(domain), Reader(keyring)
    numbers = []
    for tokens in _tokens(path):
        values = reader.values(domain, tokens)
        if values is None:
            raise TableError(
                f"{reader.count_foreign(domain, tokens):,} lines are no tokens of this vault and domain",
                where=str(path),
                remedy="give one token a line, without a heading",
            )
        state.update("\n".join(tokens.to_pylist()).encode() + b"\n")
        numbers.append(index.text_hashes(values))
    if not numbers:
        raise UsageError(
            "The file of tokens is empty", where=str(path), remedy="give one token a line"
        )
    distinct = np.unique(np.concatenate(numbers))
    return state.hexdigest(), len(distinct), distinct


def _tokens(path: Path) -> Iterator[pa.Array]:
    try:
        with path.open("r", encoding="utf-8", newline=None) as stream:
            while lines := list(_some(stream)):
                yield pa.array(lines, pa.string())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The file of tokens cannot be read",
            where=str(path),
            remedy="give a text file, one token a line",
        ) from error


def _some(stream: IO[str]) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        text = line.strip()
        if text:
            yield text
        if number == _ROWS:
            return


def _write(keyring: Keyring, release: Release, tokens: Path, out: IO[str]) -> int:
    writer, rows, reader = csv.writer(out), 0, Reader(keyring)
    writer.writerow(["token", release.domain if release.clear else f"{release.domain}_masked"])
    for part in _tokens(tokens):
        found = reader.values(release.domain, part)
        if found is None:
            raise TableError("A token cannot be read any more", remedy="ask for a new release")
        values: Sequence[str] = found.to_pylist()
        if not release.clear:
            values = [masked(release.domain, value) for value in values]
        writer.writerows(zip(part.to_pylist(), values, strict=True))
        rows += len(part)
    return rows


def _write_file(keyring: Keyring, release: Release, tokens: Path, target: Path) -> int:
    half = target.with_name(f".{target.name}.{release.release_id}.half")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            rows = _write(keyring, release, tokens, out)
            out.flush()
            os.fsync(out.fileno())
        half.replace(target)
    except OSError as error:
        raise TableError(
            "The release cannot be written",
            where=f"{target}: {error.strerror}",
            remedy="free disk space, then give the same command again: it goes on with the same release",
        ) from error
    return rows
