"""The file ``keyring.json``: which keys a vault has, each wrapped; written whole or not at all, and sealed.

One line of ``keys`` is one version of one key. ``use`` says what it is for, ``domain`` which values it is for. A key
that was shredded keeps its line as a tombstone, without the key.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from amends.kernel import ids
from amends.kernel.errors import BusyError, TableError, UsageError

KEYRING_FILE = "keyring.json"
FORMAT = 1
_LOCK_FILE = ".keyring.lock"
_LOOKS = 3

State = Literal["active", "pending", "retired", "shredded"]


@dataclass(frozen=True)
class HeldKey:
    """One version of one key.

    Attributes:
        use: ``siv``, ``ff1``, ``random``, ``blind`` or ``mac``.
        domain: Whose values it is for; for ``mac`` the purpose.
        version: From 1.
        state: ``active`` makes new tokens, ``pending`` will when its rotation is done, ``retired`` only reads,
            ``shredded`` is gone.
        made_at: When it was made.
        wrapped: The key, wrapped, in base64; empty once shredded.
        wrapped_sha256: Digest of the wrapped key, kept when the key itself is gone.
        gone_at: When it was shredded.
        reason: Why.
        form: For ``ff1``, the format that is kept.
    """

    use: str
    domain: str
    version: int
    state: State
    made_at: str
    wrapped: str
    wrapped_sha256: str = ""
    gone_at: str = ""
    reason: str = ""
    form: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """What keys of all versions share."""
        return (self.use, self.domain)

    @property
    def about(self) -> str:
        """What is bound into the wrapped key, so that no two can change places."""
        return f"{self.use}/{self.version}/{self.domain}"

    def digest(self) -> str:
        """Return the SHA-256 of the wrapped key."""
        return self.wrapped_sha256 or ids.digest_text(self.wrapped)


@dataclass(frozen=True)
class KeyFile:
    """All that ``keyring.json`` says.

    Attributes:
        vault_id: Names the vault for good.
        made_at: When it was made.
        revision: Grows with every change.
        root: How to find the root key.
        secret: The root secret, wrapped by the root key.
        keys: Every key.
    """

    vault_id: str
    made_at: str
    revision: int
    root: Mapping[str, object]
    secret: str
    keys: tuple[HeldKey, ...] = field(default=())

    def versions(self, use: str, domain: str) -> list[HeldKey]:
        """Return the keys of one use and domain, oldest first, tombstones included."""
        return sorted((k for k in self.keys if k.place == (use, domain)), key=lambda k: k.version)

    def statement(self) -> str:
        """Return what the seal covers: all but the wrapped secret: that is authentic by itself."""
        return ids.canonical_json({"format": FORMAT, **asdict(self), "secret": ""})


def read(folder: Path) -> tuple[KeyFile, str]:
    """Return the key file of a vault and the seal written in it; the caller checks the seal.

    Raises:
        UsageError: There is no vault.
        TableError: The file is damaged, or of another version.
    """
    path = folder / KEYRING_FILE
    try:
        held = _parsed(path)
    except FileNotFoundError as error:
        raise UsageError(
            "There is no vault here",
            where=str(folder),
            remedy=f"make one with: amends vault new {folder}; or restore {KEYRING_FILE} from its backup",
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if not isinstance(held, dict) or not isinstance(held.get("keys"), list):
        raise _damaged(path)
    if held.pop("format", None) != FORMAT:
        raise TableError(
            "The keyring was written by another version of Amends",
            where=str(path),
            remedy="use the version that wrote it last",
        )
    try:
        given = str(held.pop("seal"))
        keys = tuple(HeldKey(**key) for key in held.pop("keys"))
        return KeyFile(keys=keys, **held), given
    except (KeyError, TypeError) as error:
        raise _damaged(path) from error


def write(folder: Path, file: KeyFile, sealed: str) -> None:
    """Put the key file in place of the one before: whole, on disk, or not at all.

    The bytes of the one before are overwritten once it is out of the way, as far as the disk lets us.

    Args:
        folder: The vault.
        file: What it says.
        sealed: Its seal.

    Raises:
        TableError: It cannot be written; the one before stands.
    """
    path = folder / KEYRING_FILE
    half = folder / f".{KEYRING_FILE}.{secrets.token_hex(6)}"
    shown = {"format": FORMAT, **asdict(file), "seal": sealed}
    try:
        old = os.open(path, os.O_RDWR) if path.exists() else None
        try:
            _write_whole(half, json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
            half.replace(path)
            _sync_folder(folder)
            if old is not None:
                _overwrite(old)
        finally:
            if old is not None:
                os.close(old)
            with suppress(FileNotFoundError):
                half.unlink()
    except OSError as error:
        raise TableError(
            "The keyring cannot be written; the one before stands",
            where=f"{path}: {error.strerror}",
            remedy="free disk space or mend the rights on the vault's folder, then run again",
        ) from error


@contextmanager
def lock(folder: Path, wait: bool = True) -> Iterator[None]:
    """Let one process at a time change the keyring; others wait for the moment this takes.

    Raises:
        BusyError: ``wait`` is false and somebody else has it.
    """
    descriptor = os.open(folder / _LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                "Another process is changing this vault's keys",
                where=str(folder),
                remedy="wait until it is done and run the command again",
            ) from error
        yield
    finally:
        os.close(descriptor)


def mark(folder: Path) -> tuple[int, int, int]:
    """Return what changes whenever the file is replaced; cheap enough for every call."""
    try:
        now = (folder / KEYRING_FILE).stat()
    except OSError:
        return (0, 0, 0)
    return (now.st_ino, now.st_mtime_ns, now.st_size)


def packed(key: bytes) -> str:
    """Return wrapped bytes as text."""
    return base64.b64encode(key).decode()


def unpacked(text: str) -> bytes:
    """Return the bytes of a wrapped key."""
    return base64.b64decode(text, validate=True)


def _parsed(path: Path) -> object:
    """Return what the file says; whoever opened it just before it was replaced and wiped looks again."""
    for _ in range(_LOOKS):
        before = mark(path.parent)
        try:
            return json.loads(path.read_text("utf-8"))
        except ValueError:
            if mark(path.parent) == before:
                raise
    return json.loads(path.read_text("utf-8"))


def _write_whole(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _overwrite(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    os.pwrite(descriptor, secrets.token_bytes(size), 0)
    os.fsync(descriptor)


def _damaged(path: Path) -> TableError:
    return TableError(
        "The keyring is damaged or cut short",
        where=str(path),
        remedy="restore the file from its backup; no token was changed",
    )
