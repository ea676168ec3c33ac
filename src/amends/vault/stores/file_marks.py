"""How a file looked when it was read, whether it was changed since, and how files change places.

Files have no locks that other programs must heed. So a change is noticed instead: before files change places by size,
time, inode and digest, and by asking the system whether a program has them open for writing; after it once more on
what was displaced, which is kept until then.

Source:
    rename(2), renameat2(2) (``RENAME_EXCHANGE``), fcntl(2) ("Leases": a read lease is refused while any process has
    the file open for writing). The two seconds of ``RACY_NS``: FAT keeps times to two seconds, the coarsest in use;
    git treats its index the same way (Documentation/technical/racy-git).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
import signal
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from amends.kernel import ids

RACY_NS = 2_000_000_000
_CHUNK = 1 << 20
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@dataclass(frozen=True)
class Mark:
    """What a file was when it was read.

    Attributes:
        size: Bytes.
        mtime_ns: When it was last written.
        inode: Which file it is, whatever its name.
        digest: BLAKE3 of its bytes.
        racy: It was written so shortly before that its time cannot tell a later write.
    """

    size: int
    mtime_ns: int
    inode: int
    digest: str
    racy: bool = False


def mark(path: Path) -> Mark:
    """Return what a file is now.

    Raises:
        OSError: It is gone or cannot be read.
    """
    held = path.stat()
    digest = digest_of(path)
    racy = abs(time.time_ns() - held.st_mtime_ns) < RACY_NS  # against the file's own clock
    return Mark(held.st_size, held.st_mtime_ns, held.st_ino, digest, racy)


def digest_of(path: Path) -> str:
    """Return the BLAKE3 of a file."""
    state = blake3(max_threads=1)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def unchanged(path: Path, before: Mark, *, sure: bool = False) -> bool:
    """Say whether a file still holds what it held.

    Args:
        path: The file.
        before: What it was.
        sure: Compare the digest even where size, time and inode agree.
    """
    try:
        now = path.stat()
        if now.st_size != before.size:
            return False
        alike = (now.st_mtime_ns, now.st_ino) == (before.mtime_ns, before.inode)
        if alike and not before.racy and not sure:
            return True
        return digest_of(path) == before.digest
    except FileNotFoundError:
        return False


def is_being_written(path: Path) -> bool:
    """Say whether a program has the file open for writing; false where the system cannot tell."""
    try:
        with path.open("rb") as stream:
            # A broken lease sends a signal; this one is ignored unless somebody asked for it.
            fcntl.fcntl(stream, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    except AttributeError:  # not Linux
        return False
    return False


def place(live: Path, incoming: Path, displaced: Path, marker: str) -> None:
    """Let ``incoming`` take the place of ``live``, which is kept as ``displaced``; may be called again after a kill.

    A file is replaced in one step. So is a folder, where the system can exchange two names; elsewhere the name is
    missing for a moment.

    Args:
        live: The name everybody knows.
        incoming: What is to stand there: a file, or a folder that holds a file named ``marker``.
        displaced: Where the old one goes.
        marker: File by which a folder is known.
    """
    if is_placed(live, incoming, displaced, marker):
        if not displaced.exists():  # exchanged, and killed before the old one got its name
            incoming.rename(displaced)
    elif not live.is_dir() and incoming.is_file():
        if not displaced.exists():
            _keep(live, displaced)
        sync_folder(displaced.parent)
        incoming.replace(live)
    elif live.exists() and _exchange(live, incoming):
        sync_folder(live.parent)
        incoming.rename(displaced)
    else:
        if live.exists():
            live.rename(displaced)
        incoming.rename(live)
    sync_folder(live.parent)
    sync_folder(displaced.parent)
    if live.is_dir():
        (live / marker).unlink(missing_ok=True)


def is_placed(live: Path, incoming: Path, displaced: Path, marker: str) -> bool:
    """Say whether ``incoming`` stands where ``live`` stood."""
    if (live / marker).exists():
        return True
    return displaced.exists() and not incoming.exists()


def _keep(live: Path, displaced: Path) -> None:
    """Give a file a second name; where the file system has no links, a copy."""
    try:
        os.link(live, displaced)
    except OSError:
        half = displaced.with_name(f".{displaced.name}.half")
        shutil.copy2(live, half)
        sync(half)
        half.rename(displaced)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; false where the system cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done = call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(done == 0)


def sync(path: Path) -> None:
    """Force a file's bytes to disk."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk, where the system can."""
    with contextlib.suppress(OSError):
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(held)
        finally:
            os.close(held)


def dress(path: Path, like: os.stat_result, source: Path) -> None:
    """Give a new file the rights, owner and extended attributes of the one it stands for."""
    with contextlib.suppress(OSError):
        os.chown(path, like.st_uid, like.st_gid)
    with contextlib.suppress(OSError, AttributeError):
        for name in os.listxattr(source):
            os.setxattr(path, name, os.getxattr(source, name))
    path.chmod(stat.S_IMODE(like.st_mode))


def destroy(path: Path) -> None:
    """Overwrite a file once and take it away; a file that has another name too is only taken away.

    To overwrite what another name still shows would destroy somebody's backup.
    """
    with contextlib.suppress(FileNotFoundError):
        held = path.stat()
        if held.st_nlink == 1 and path.is_file() and not path.is_symlink():
            path.chmod(0o600)
            with path.open("r+b") as stream:
                left = held.st_size
                while left > 0:
                    left -= stream.write(bytes(min(left, _CHUNK)))
                stream.flush()
                os.fsync(stream.fileno())
        path.unlink()


def write_whole(path: Path, text: str) -> None:
    """Write a small file all or nothing, readable by its owner."""
    half = path.with_name(f".{path.name}.{ids.new(4)}")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    half.replace(path)
    sync_folder(path.parent)
