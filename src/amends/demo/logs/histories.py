"""Shell histories and the binary lists of sign-ins: what lies in home folders and in ``wtmp`` and ``btmp``.

Source:
    bash(1), HISTTIMEFORMAT: a line ``#`` and seconds since 1970 before each command; utmp(5) and glibc's
    ``struct utmp`` on x86-64: 384 bytes a record.
"""

from __future__ import annotations

import ipaddress
import struct

from amends.demo.logs.clocks import SECOND
from amends.demo.logs.estate import TO
from amends.demo.logs.linux import LinuxHost
from amends.demo.logs.scene import Scene
from amends.demo.logs.shelf import LogFile, Span

_RECORD = struct.Struct("<hxxi32s4s32s256shhiii4i20x")
_USER, _DEAD, _LOGIN, _BOOT = 7, 8, 6, 2
KEPT = ("jump", "test1", "test2", "build")


def write_histories(scene: Scene) -> None:
    """Put histories, wtmp and btmp on the shelf."""
    for key in KEPT:
        host = scene.linux[key]
        for user in sorted(host.histories):
            _history(scene, host, user)
        _accounting(scene, host)


def _history(scene: Scene, host: LinuxHost, user: str) -> None:
    home = "root" if user == "root" else f"home/{user}"
    name = f"{host.machine.name}/{home}/.bash_history"
    entries = [
        entry for entry in sorted(host.histories[user], key=lambda entry: entry[0]) if entry[0] < TO
    ]
    if not entries:
        return
    file = scene.shelf.add(LogFile((Span(0, name),), many_lines=True))
    for at, command, label in entries:
        file.put(at, f"#{host.machine.clock.utc(at) // SECOND}\n{command}", label)


def _accounting(scene: Scene, host: LinuxHost) -> None:
    folder = f"{host.machine.name}/var/log"
    wtmp, btmp = (scene.shelf.add_binary(f"{folder}/{name}") for name in ("wtmp", "btmp"))
    clock = host.machine.clock
    for at, end, user, ip, pid, good, label in host.logins:
        if at >= TO:
            continue
        if not good:
            btmp.append((at, _record(_LOGIN, pid, "ssh:notty", user, ip, clock.utc(at)), label))
            continue
        line = f"pts/{pid % 7}"
        wtmp.append((at, _record(_USER, pid, line, user, ip, clock.utc(at)), label))
        wtmp.append((end, _record(_DEAD, pid, line, "", "", clock.utc(end)), label))


def _record(kind: int, pid: int, line: str, user: str, ip: str, at: int) -> bytes:
    words = (0, 0, 0, 0)
    if ip:
        words = (int.from_bytes(ipaddress.IPv4Address(ip).packed, "little", signed=True), 0, 0, 0)
    return _RECORD.pack(
        kind, pid, line.encode(), line[-4:].encode(), user.encode(), ip.encode(), 0, 0, 0, at // SECOND,
          at % SECOND, *words
    )  # fmt: skip
