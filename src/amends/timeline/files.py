# ruff: noqa: E501  (expressions and tables read best on one line)
"""Which host wrote a log file, in which zone, before which day, and which files are rotations of one log.

Logs lie in a folder per host, as on the host: ``jump1/var/log/auth.log.2.gz``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from amends.kernel import ids
from amends.timeline.parsers.base import Origin
from amends.timeline.roster import HostNames

_ROOTS = frozenset({"var", "windows", "winevt", "etc", "home", "opt", "usr", "root", "flash", "nvram", "bootflash", "inetpub", "programdata", "c", "c:", "c$", "d", "d:", "disk0:", "mnt", "srv", "syslog", "varlog"})  # fmt: skip
_GENERIC = frozenset({"", ".", "..", "logs", "log", "evidence", "exhibits", "files", "input", "raw", "hosts", "remote", "export", "exports", "collected", "collection", "case", "data", "incident", "tmp", "archive", "backup", "all", "events"})  # fmt: skip
_PACKED = re.compile(r"\.(?:tar\.gz|tgz|tar\.xz|tar\.bz2|tar\.zst|tar|zip|7z|gz|xz|bz2|zst)$", re.I)
_NUMBERED = re.compile(r"^(?P<stem>.+?)\.(?P<age>\d{1,4})$")
_DATED = re.compile(
    r"^(?P<stem>.+?)[-_.](?P<day>20\d{2}-?[01]\d-?[0-3]\d)(?:[-_.T]?\d{2,6})?(?P<end>\.\w+)?$"
)
_OLD = re.compile(r"^(?P<stem>.+?)\.(?:old|bak|prev|previous|last)$", re.I)


def origin_of(
    log_id: str,
    digest: str,
    path: str,
    inner_path: str,
    name: str,
    names: HostNames,
    *,
    as_of: date | None = None,
) -> Origin:
    """Return what is known of a log file from where it lies.

    Args:
        log_id: Its id in ``log_files``.
        digest: Digest of the exhibit.
        path: Path of the exhibit as given.
        inner_path: Path inside the exhibit; "" for the exhibit itself.
        name: File name without the ending of what it was compressed with.
        names: The company's names of hosts.
        as_of: Day after which no line of the exhibit was written.
    """
    whole = f"{path}/{inner_path}" if inner_path else path
    host = host_of(whole, names)
    day = dated(name)
    latest = min(d for d in (as_of, day) if d) if (as_of or day) else None
    seed = int(ids.digest_text(f"{digest}\0{inner_path}")[:16], 16)
    return Origin(log_id, seed, whole, name, host, names.zone(host), latest)


def host_of(path: str, names: HostNames) -> str:
    """Return the host that a path names; "" when only the lines can tell.

    A folder that is a host of the company, else the folder above ``var`` and the like, else a file called as a host.
    """
    parts = [_PACKED.sub("", part) for part in path.replace("\\", "/").split("/")]
    folders = parts[:-1]
    for folder in reversed(folders):
        known = names.name(folder)
        if known:
            return known
    for place, folder in enumerate(folders):
        if (
            folder.lower() in _ROOTS
            and place
            and folders[place - 1].lower() not in _GENERIC | _ROOTS
        ):
            return folders[place - 1]
    stem = parts[-1]
    words = [stem, stem.split(".")[0], *re.split(r"[_.]", stem)[:2], *re.split(r"[-_.]", stem)]
    return next((known for word in words if (known := names.name(word))), "")


def dated(name: str) -> date | None:
    """Return the day in a file's name, as logrotate's ``dateext`` writes it; the file ends on that day or the next."""
    match = _DATED.match(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match["day"].replace("-", ""), "%Y%m%d").date()
    except ValueError:
        return None


def rotation(path: str) -> tuple[str, int]:
    """Return the log that a file is a part of, and its age in it: 0 for the file in use, larger for older ones."""
    folder, _, name = path.rpartition("/")
    name = _PACKED.sub("", name)
    stem, age = name, 0
    if match := _NUMBERED.match(name):
        stem, age = match["stem"], int(match["age"])
    elif match := _DATED.match(name):
        day = dated(name)
        stem = match["stem"] + (match["end"] or "")
        age = 10_000_000 - day.toordinal() if day else 0
    elif match := _OLD.match(name):
        stem, age = match["stem"], 1
    return f"{folder}/{stem}", age


def rotations(origins: Sequence[Origin]) -> list[list[Origin]]:
    """Return the files of each log together, newest first, logs in the order of their paths.

    Read them in this order: the first day of a newer file is ``as_of`` of the next older one (``older_than``).
    """
    groups: dict[str, list[tuple[int, str, Origin]]] = {}
    for origin in origins:
        stem, age = rotation(origin.path)
        groups.setdefault(stem, []).append((age, origin.path, origin))
    return [[o for _, _, o in sorted(groups[stem], key=lambda g: g[:2])] for stem in sorted(groups)]


def older_than(origin: Origin, first_at: datetime | None) -> Origin:
    """Return the origin of the next older file of a log, given when the newer one begins."""
    if first_at is None or (origin.as_of is not None and origin.as_of <= first_at.date()):
        return origin
    return replace(origin, as_of=first_at.date())
