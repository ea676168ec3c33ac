"""Asking what arrived: an HTTP address, or the log of the mail server."""

from __future__ import annotations

import glob
import http.client
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from amends.kernel.errors import UsageError
from amends.notices.channels.base import Answer

Asker = Callable[[Sequence[str]], Mapping[str, Answer]]
_ID = re.compile(rb"N([0-9A-F]{16})(?=@)")
_CHUNK = 1 << 22
_HEAD, _LONGEST_ID = 256, 18


def asker(ask: str) -> tuple[Asker, bool]:
    """Return what answers "did these arrive", and whether it is cheap.

    Args:
        ask: ``http(s)://…``, ``file:PATH`` (a mail server's log) or "".

    Raises:
        UsageError: Something else.
    """
    if not ask:
        return (lambda keys: dict.fromkeys(keys, "unknown")), True
    if ask.startswith("file:"):
        path = ask[5:]
        return LogAsker(Path(unquote(path[2:] if path.startswith("//") else path))), True
    if urlsplit(ask).scheme in ("http", "https"):
        return HttpAsker(ask), False
    raise UsageError("That is no place to ask what arrived", where="case.toml [channels.email] ask",
                     remedy="write an http(s) address, or file: and the path of the mail server's log")  # fmt: skip


@dataclass
class _Place:
    """How far a log file was read, and its first bytes, by which it is known again."""

    offset: int
    head: bytes


class LogAsker:
    """Looks for message ids in the log of a mail server, reading only what was added since it looked last.

    Rotation is followed: a log that now lies beside (``LOG.1`` …) is known by its inode and its first bytes and read
    to its end; one that was emptied in place is read from its start. A log that is not there says nothing: unknown,
    not absent. Held in memory: some 60 bytes of each message id seen.
    """

    def __init__(self, path: Path) -> None:
        """Look in ``path``."""
        self._path = path
        self._seen: set[int] = set()
        self._places: dict[tuple[int, int], _Place] = {}

    def __call__(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Return an answer for each notice id."""
        try:
            there = [self._catch_up(log) for log in self._logs()]
        except OSError:
            there = []
        if not any(there):
            return dict.fromkeys(keys, "unknown")
        return {k: "arrived" if int(k[1:], 16) in self._seen else "not" for k in keys}

    def _logs(self) -> list[Path]:
        """Return the log and the one rotated away last, and older ones only where they were read before."""
        last = self._path.with_name(self._path.name + ".1")
        older = [
            p
            for p in self._path.parent.glob(f"{glob.escape(self._path.name)}.*")
            if p != last and _identity(p) in self._places
        ]
        return [*older, last, self._path]

    def _catch_up(self, log: Path) -> bool:
        """Read what is new in a log; say whether it is there."""
        try:
            stream = log.open("rb")
        except FileNotFoundError:
            return False
        with stream:
            status = os.fstat(stream.fileno())
            place = self._places.get((status.st_dev, status.st_ino))
            known = place is not None and stream.read(len(place.head)) == place.head
            if place is None or not known or status.st_size < place.offset:
                place = self._places[status.st_dev, status.st_ino] = _Place(0, b"")
            stream.seek(0)
            place.head = stream.read(min(_HEAD, max(place.offset, status.st_size)))
            # An id cut off by the end last time is found now.
            stream.seek(max(0, place.offset - _LONGEST_ID))
            rest = b""
            while chunk := stream.read(_CHUNK):
                text = rest + chunk
                self._seen.update(int(m, 16) for m in _ID.findall(text))
                rest = text[-_LONGEST_ID:]
            place.offset = stream.tell()
        return True


def _identity(path: Path) -> tuple[int, int]:
    """Return device and inode of a file; zeros when it is gone."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_dev, found.st_ino


class HttpAsker:
    """Asks an address about each notice id: 200 arrived, 404 not, anything else unknown."""

    def __init__(self, url: str) -> None:
        """Ask at ``url``."""
        self._url = urlsplit(url)

    def __call__(self, keys: Sequence[str]) -> Mapping[str, Answer]:
        """Return an answer for each notice id; what is left after a failure is unknown."""
        answers: dict[str, Answer] = dict.fromkeys(keys, "unknown")
        connection = self._open()
        try:
            for key in keys:
                answers[key] = self._one(connection, key)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        return answers

    def _open(self) -> http.client.HTTPConnection:
        kind = (
            http.client.HTTPSConnection
            if self._url.scheme == "https"
            else http.client.HTTPConnection
        )
        return kind(str(self._url.hostname), self._url.port, timeout=10)

    def _one(self, connection: http.client.HTTPConnection, key: str) -> Answer:
        joined = f"{self._url.query}&" if self._url.query else ""
        connection.request("GET", f"{self._url.path or '/'}?{joined}id={quote(key)}")
        reply = connection.getresponse()
        reply.read()
        return {200: "arrived", 404: "not"}.get(reply.status, "unknown")  # type: ignore[return-value]  # literals, by construction
