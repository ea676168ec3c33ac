"""Automata over many patterns, compiled once a machine: a compiled one is kept in the user's cache folder.

Compiling takes about a second, reading what is kept a millisecond. A kept automaton is code to the library that runs
it, so it is read only from a file that nobody but this user can have written, and only when its digest holds;
whatever is wrong with it, the patterns are compiled anew. It holds patterns, never data. ``AMENDS_CACHE`` names
another folder; ``AMENDS_CACHE=off`` keeps nothing.

Source:
    Hyperscan developer's reference, "Serialization" (version and platform are checked when one is read).
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import stat
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import hyperscan

_LOG = logging.getLogger(__name__)
_MOST_BYTES = 64 << 20
_DIGEST_BYTES = 32


def automaton(expressions: Sequence[str]) -> Any:  # Any: untyped library
    """Return the automaton of expressions; the number of each is its place.

    Args:
        expressions: Hyperscan expressions over Latin-1 bytes; letters match in either case.
    """
    key = _key(expressions)
    path = _folder_path()
    file = path / f"{key}.hs" if path is not None else None
    kept = _kept(file, key) if file is not None else None
    if kept is not None:
        return kept
    made = _compiled(expressions)
    if file is not None:
        _keep(file, key, made)
    return made


def _compiled(expressions: Sequence[str]) -> Any:
    made = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    made.compile(
        expressions=[e.encode("latin-1") for e in expressions],
        ids=list(range(len(expressions))),
        flags=[hyperscan.HS_FLAG_CASELESS] * len(expressions),
    )
    return made


def _key(expressions: Sequence[str]) -> str:
    parts = (metadata.version("hyperscan"), platform.machine(), platform.node(), *expressions)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _folder_path() -> Path | None:
    """Return the folder of kept automata, None where none may be kept."""
    if not hasattr(os, "geteuid"):
        return None
    chosen = os.environ.get("AMENDS_CACHE", "")
    if chosen == "off":
        return None
    if chosen:
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(home) if home.startswith("/") else Path.home() / ".cache") / "amends"
    except RuntimeError:
        return None


def _is_ours(facts: os.stat_result) -> bool:
    """Tell whether only this user can have written a file or folder."""
    return facts.st_uid == os.geteuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _kept(file: Path, key: str) -> Any | None:
    """Return a kept automaton, None when there is none that can be trusted."""
    try:
        if not _is_ours(file.parent.lstat()):
            return None
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            facts = os.fstat(handle)
            if not (stat.S_ISREG(facts.st_mode) and _is_ours(facts)):
                return None
            held = stream.read(_MOST_BYTES)
    except OSError:
        return None
    digest, body = held[:_DIGEST_BYTES], held[_DIGEST_BYTES:]
    if digest != _seal(key, body):
        _LOG.debug("a kept automaton is damaged; compiling anew")
        return None
    try:
        read = hyperscan.loadb(body, mode=hyperscan.HS_MODE_BLOCK)
        read.scratch = hyperscan.Scratch(read)
        return read
    except hyperscan.error:
        return None


def _seal(key: str, body: bytes) -> bytes:
    return hashlib.sha256(key.encode() + body).digest()


def _keep(file: Path, key: str, made: Any) -> None:
    """Write a compiled automaton, all or nothing; a folder that cannot be written is no error."""
    try:
        body = hyperscan.dumpb(made)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(file.parent.lstat()):
            return
        handle, half_made = tempfile.mkstemp(dir=file.parent, prefix=".half-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_seal(key, body) + body)
            Path(half_made).replace(file)
        except OSError:
            Path(half_made).unlink()
            raise
    except (OSError, hyperscan.error) as error:
        _LOG.debug("cannot keep an automaton: %s", type(error).__name__)
