"""The head of the audit, kept beside it: two places in a small file, written in turn, so that one is always whole."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from pathlib import Path

import orjson

from amends.kernel.errors import UsageError

_PLACE_BYTES = 256


@dataclass(frozen=True)
class Head:
    """Number and seal of a line.

    Attributes:
        seq: Number of the last line.
        seal: Its seal.
    """

    seq: int
    seal: str


class HeadFile:
    """The file a head is kept in; it stays open, for a head is written with every group of lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def write(self, key: bytes, head: Head) -> None:
        """Write the head over the older of the two in the file.

        Raises:
            UsageError: The file cannot be written.
        """
        text = orjson.dumps({"seq": head.seq, "seal": head.seal, "mac": _mac(key, head)})
        try:
            if self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink:
                self.close()  # somebody took the file away
            if self._descriptor < 0:
                self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
            place = head.seq % 2 * _PLACE_BYTES
            os.pwrite(self._descriptor, text.ljust(_PLACE_BYTES - 1) + b"\n", place)
        except OSError as error:
            raise UsageError(
                "The head of the audit cannot be kept",
                where=f"{self.path}: {error.strerror}",
                remedy="make the file writable for this account, or name another with --witness",
            ) from error

    def close(self) -> None:
        """Let the file go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_head(path: Path, key: bytes) -> Head | None:
    """Return the newest whole head in a file; ``None`` when there is none."""
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    found = None
    for start in (0, _PLACE_BYTES):
        head = _read(raw[start : start + _PLACE_BYTES].strip(b" \n\0"), key)
        if head is not None and (found is None or head.seq > found.seq):
            found = head
    return found


def _read(raw: bytes, key: bytes) -> Head | None:
    try:
        told = orjson.loads(raw)
        head = Head(int(told["seq"]), str(told["seal"]))
        return head if hmac.compare_digest(_mac(key, head), str(told["mac"])) else None
    except (ValueError, KeyError, TypeError):
        return None


def _mac(key: bytes, head: Head) -> str:
    return hmac.digest(key, f"head/{head.seq}/{head.seal}".encode(), "sha256").hex()
