"""Writes ``add.sh`` beside the demonstration data: makes the case and takes every exhibit in."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from amends.demo.exhibits import ENTITY, FACTS, events, exhibits

_BETWEEN = "Between July 18 and August 4, 2026, somebody without permission"
_ENTRE = "Entre el 18 de julio y el 4 de agosto de 2026, alguien sin permiso"
_ROUTER = (
    f"{_BETWEEN} used a router of ours that was open to the internet, guessed passwords, and copied files from "
    f"our servers.",
    "We closed that router on August 4, changed the passwords, and brought in outside investigators. We told the "
    "police, and we now check every device of ours that can be reached from the internet.",
    f"{_ENTRE} usó un enrutador nuestro que estaba abierto a internet, adivinó contraseñas y copió archivos de "
    f"nuestros servidores.",
    "Cerramos ese enrutador el 4 de agosto, cambiamos las contraseñas y llamamos a investigadores externos. Avisamos a "
    "la policía, y ahora revisamos cada equipo nuestro al que se puede llegar desde internet.",
)
_VPN = (
    f"{_BETWEEN} signed in to our remote access with a stolen password, moved on inside, and copied files from "
    f"our servers.",
    "We shut that access on August 4, changed the passwords, and brought in outside investigators. We told the "
    "police, and we now ask for a second factor at every sign-in from outside.",
    f"{_ENTRE} entró por nuestro acceso remoto con una contraseña robada, siguió por dentro y copió archivos de "
    f"nuestros servidores.",
    "Cerramos ese acceso el 4 de agosto, cambiamos las contraseñas y llamamos a investigadores externos. Avisamos a "
    "la policía, y ahora pedimos un segundo factor en cada entrada desde fuera.",
)
_TEST = (
    f"{_BETWEEN} used a test server of ours that was open to the internet, guessed passwords, and copied files "
    f"from our servers.",
    "We closed that server on August 4, changed the passwords, and brought in outside investigators. We told the "
    "police, and we now check every device of ours that can be reached from the internet.",
    f"{_ENTRE} usó un servidor de pruebas nuestro que estaba abierto a internet, adivinó contraseñas y copió "
    f"archivos de nuestros servidores.",
    "Cerramos ese servidor el 4 de agosto, cambiamos las contraseñas y llamamos a investigadores externos. Avisamos a "
    "la policía, y ahora revisamos cada equipo nuestro al que se puede llegar desde internet.",
)
# What happened and what is done about it, in English and Spanish, by the way in.
TOLD = {"router_brute": _ROUTER, "router_leak": _ROUTER, "vpn_no_mfa": _VPN, "test_server": _TEST}
_HEAD = """#!/usr/bin/env bash
# Makes a case of the Larkspur data and takes the exhibits of a tranche into custody.
# Usage: bash add.sh CASE [1|2]
set -euo pipefail
case_folder=$(realpath -m "$1") tranche=${2:-1}
cd "$(dirname "$0")"
"""


def write_script(folder: Path) -> Path:
    """Write ``add.sh`` into the folder of the demonstration data and return its path."""
    entry = _entry(folder)
    lines = [_HEAD, 'if [ "$tranche" = 1 ]; then', *_new_lines(entry)]
    lines += _add_lines(folder, 1)
    lines += ["else", *_add_lines(folder, 2), "fi", ""]
    path = folder / "add.sh"
    path.write_text("\n".join(lines), "utf-8")
    return path


def _entry(folder: Path) -> str:
    """Return how the intruder came in, as the notes of the case say."""
    for name in ("case.json", "case-2.json"):
        if (folder / name).exists():
            return str(json.loads((folder / name).read_text("utf-8"))["entry"])
    return "router_brute"


def _new_lines(entry: str) -> list[str]:
    case = FACTS["case"]
    options = {
        "--entity": ENTITY,
        "--preset": case["preset"],
        "--domain": case["domain"],
        "--phone": case["phone"],
        "--what-happened": TOLD[entry][0],
        "--what-we-do": TOLD[entry][1],
    }
    words = " ".join(f"{key} {shlex.quote(value)}" for key, value in options.items())
    address = " ".join(
        f"--address {shlex.quote(line)}" for line in ("1 Larkspur Way", "Bellevue, WA 98004")
    )
    settings = " ".join(
        f"--set {shlex.quote(f'{key}={value}')}" for key, value in _settings(entry).items()
    )
    made = [f'  amends new "$case_folder" {words} {address} {settings}']
    for event in events(entry):
        made.append(
            f'  amends event add "$case_folder" {event["kind"]} {event["on"]} --note {shlex.quote(event["note"])}'
        )
    return made


def _settings(entry: str) -> dict[str, str]:
    own = {"case.what_happened_es": TOLD[entry][2], "case.what_we_do_es": TOLD[entry][3]}
    return {**FACTS["settings"], **own}


def _add_lines(folder: Path, tranche: int) -> list[str]:
    """Return one command for each run of exhibits of which the same is said: starting a command costs a second."""
    made: list[tuple[str, list[str]]] = []
    for exhibit in exhibits(folder, tranche):
        options = {
            "--role": exhibit.role,
            "--owner": exhibit.owner,
            "--population": exhibit.population,
            "--store": exhibit.store,
            "--as-of": exhibit.as_of,
        }
        words = " ".join(f"{key} {shlex.quote(value)}" for key, value in options.items() if value)
        path = exhibit.path.relative_to(folder).as_posix()
        if made and made[-1][0] == words:
            made[-1][1].append(path)
        else:
            made.append((words, [path]))
    return [f'  amends add "$case_folder" {" ".join(paths)} {words}' for words, paths in made]
