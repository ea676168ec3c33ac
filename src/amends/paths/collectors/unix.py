"""Accounts of Unix hosts: passwd, shadow (only whether an account is locked), group, sudoers.

Formats: passwd(5), shadow(5), group(5), sudoers(5). A password hash of shadow is looked at only for the signs that
lock it, and is not kept. ``root`` of one host is not ``root`` of another, so it is nobody's right here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amends.paths.collectors.base import Input
from amends.paths.collectors.seen import AdminSeen, GroupSeen, LockedSeen, LookedSeen, Sighting
from amends.paths.shapes import Reject

SHELLS = re.compile(
    r"/(?:ba|z|k|c|tc|da|fi)?sh$|/su$|/env$|/vim?$|/less$|/more$|/find$|/python|/perl|/docker$|/tar$"
)
"""Commands that give whoever may run them as root everything (https://gtfobins.github.io)."""


def _rows(source: Input, fields: int) -> list[tuple[int, list[str]]]:
    return [
        (number, line.split(":"))
        for number, line in source.lines()
        if line.strip() and not line.startswith(("#", "+", "-")) and line.count(":") == fields - 1
    ]


def _looks(source: Input, pattern: str) -> bool:
    lines = [
        line
        for line in source.head.split("\n")[:50]
        if line.strip() and not line.startswith(("#", "+"))
    ]
    return (
        bool(lines)
        and sum(bool(re.match(pattern, line.rstrip("\r"))) for line in lines) * 10 >= len(lines) * 9
    )


class Passwd:
    """Accounts: who is root under another name."""

    name = "passwd"

    def detect(self, source: Input) -> bool:
        """Answer whether the lines have seven fields, user and group by number."""
        return _looks(source, r"[^:\s]+:[^:]*:\d+:\d+:[^:]*:[^:]*:[^:]*$")

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield accounts with user number 0."""
        yield LookedSeen("passwd", source.path)
        for number, row in _rows(source, 7):
            place = f"{source.path}:{number}"
            if row[2] == "0" and row[0] != "root":
                yield AdminSeen(row[0], place, how="user number 0")
            elif row[6].endswith(("nologin", "false")):
                yield LockedSeen(row[0], place)


class Shadow:
    """Which accounts are locked."""

    name = "shadow"

    def detect(self, source: Input) -> bool:
        """Answer whether the lines have nine fields with a hash or a lock in the second."""
        return _looks(source, r"[^:\s]+:(?:[!*$x_][^:]*|[\w./]{13}|):\d*:\d*:\d*:\d*:\d*:\d*:\d*$")

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield the locked accounts; nothing else of the file is kept."""
        yield LookedSeen("shadow", source.path)
        for number, row in _rows(source, 9):
            if row[1].startswith(("!", "*")):
                yield LockedSeen(row[0], f"{source.path}:{number}")


class Group:
    """Members of groups."""

    name = "group"

    def detect(self, source: Input) -> bool:
        """Answer whether the lines have four fields, the third a number."""
        return _looks(source, r"[^:\s]+:[^:]*:\d+:[^:]*$")

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield each group with members."""
        for number, row in _rows(source, 4):
            members = tuple(name.strip() for name in row[3].split(",") if name.strip())
            if members:
                yield GroupSeen(row[0], members, f"{source.path}:{number}")


class Sudoers:
    """Who may act as root."""

    name = "sudoers"
    rule = re.compile(
        r"^\s*(\"[^\"]+\"|[%+]?[\w.@\\-]+(?:\s*,\s*[%+]?[\w.@\\-]+)*)\s+([\w.,!*-]+)\s*=\s*(.+)$"
    )

    def detect(self, source: Input) -> bool:
        """Answer whether it has rules and settings as sudo has them."""
        return bool(
            re.search(r"^[ \t]*(?:%?[\w.@\\-]+)\s+[\w.,*-]+\s*=\s*(?:\([\w:,. ]*\)\s*)?(?:[A-Z]+:\s*)*"
                r"(?:ALL|!?/|[A-Z_]+\b)",
                      source.head, re.MULTILINE)
            or ("sudoers" in source.path.lower() and re.search(r"^Defaults\b", source.head, re.MULTILINE))
        )  # fmt: skip

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield everybody who may run anything, or a command that gives everything, as root."""
        yield LookedSeen("sudoers", source.path)
        aliases: dict[str, list[str]] = {}
        for number, line in _joined(source):
            place = f"{source.path}:{number}"
            text = line.split("#", 1)[0].strip() if not line.strip().startswith("#") else ""
            alias = re.match(r"^(?:User|Cmnd|Runas|Host)_Alias\s+(.+)$", text)
            if alias:
                for part in alias[1].split(":"):
                    name, _, members = part.partition("=")
                    aliases[name.strip()] = [word.strip() for word in members.split(",")]
                continue
            if not text or text.startswith(("Defaults", "@", "#")):
                continue
            found = self.rule.match(text)
            if not found:
                yield Reject(
                    place, "unsupported_line", "Check by hand who may act as root by this line."
                )
            elif _everything(found[3], aliases):
                for who in found[1].strip('"').split(","):
                    yield from _admins(who.strip(), aliases, place)


def _joined(source: Input) -> Iterator[tuple[int, str]]:
    held, start = "", 0
    for number, line in source.lines():
        start = start or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        yield start, held + line
        held, start = "", 0


def _everything(words: str, aliases: dict[str, list[str]]) -> bool:
    """Answer whether the commands, as root, give everything."""
    runas = re.match(r"\s*\(([^)]*)\)", words)
    if runas and not {"root", "all"} & {
        w.strip().lower() for w in re.split(r"[:,]", runas[1] or "root")
    }:
        return False
    commands = re.sub(
        r"^\s*\([^)]*\)|\b(?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW):",
        "",
        words,
    )
    for part in commands.split(","):
        word = part.strip()
        for command in aliases.get(word, [word]):
            first = command.split()[0] if command.split() else ""
            if command == "ALL" or SHELLS.search(first):
                return True
    return False


def _admins(who: str, aliases: dict[str, list[str]], place: str) -> Iterator[Sighting]:
    for name in aliases.get(who, [who]):
        if name and name != "root":
            yield AdminSeen(name, place, how="sudo")


PASSWD = Passwd()
SHADOW = Shadow()
GROUP = Group()
SUDOERS = Sudoers()
