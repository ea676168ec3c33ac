"""Writes ``add.sh`` beside the demonstration data: makes the case and takes every exhibit in."""

from __future__ import annotations

import shlex
from pathlib import Path

from amends.demo.exhibits import ENTITY, FACTS, exhibits

HAPPENED = (
    "Between July 18 and August 4, 2026, somebody without permission used a router of ours that was open to the "
    "internet, guessed passwords, and copied files from our servers."
)
DOING = (
    "We closed that router on August 4, changed the passwords, and brought in outside investigators. We told the "
    "police, and we now check every device of ours that can be reached from the internet."
)
HAPPENED_ES = (
    "Entre el 18 de julio y el 4 de agosto de 2026, alguien sin permiso usó un enrutador nuestro que estaba abierto a "
    "internet, adivinó contraseñas y copió archivos de nuestros servidores."
)
DOING_ES = (
    "Cerramos ese enrutador el 4 de agosto, cambiamos las contraseñas y llamamos a investigadores externos. Avisamos a "
    "la policía, y ahora revisamos cada equipo nuestro al que se puede llegar desde internet."
)
_HEAD = """#!/usr/bin/env bash
# Makes a case of the Larkspur data and takes the exhibits of a tranche into custody.
# Usage: bash add.sh CASE [1|2]
set -euo pipefail
case_folder=$(realpath -m "$1") tranche=${2:-1}
cd "$(dirname "$0")"
"""


def write_script(folder: Path) -> Path:
    """Write ``add.sh`` into the folder of the demonstration data and return its path."""
    lines = [_HEAD, 'if [ "$tranche" = 1 ]; then', *_new_lines()]
    lines += _add_lines(folder, 1)
    lines += ["else", *_add_lines(folder, 2), "fi", ""]
    path = folder / "add.sh"
    path.write_text("\n".join(lines), "utf-8")
    return path


def _new_lines() -> list[str]:
    case, events = FACTS["case"], FACTS["events"]
    options = {
        "--entity": ENTITY,
        "--preset": case["preset"],
        "--domain": case["domain"],
        "--phone": case["phone"],
        "--what-happened": HAPPENED,
        "--what-we-do": DOING,
    }
    words = " ".join(f"{key} {shlex.quote(value)}" for key, value in options.items())
    address = " ".join(
        f"--address {shlex.quote(line)}" for line in ("1 Larkspur Way", "Bellevue, WA 98004")
    )
    settings = " ".join(
        f"--set {shlex.quote(f'{key}={value}')}" for key, value in _settings().items()
    )
    made = [f'  amends new "$case_folder" {words} {address} {settings}']
    for event in events:
        made.append(
            f'  amends event add "$case_folder" {event["kind"]} {event["on"]} --note {shlex.quote(event["note"])}'
        )
    return made


def _settings() -> dict[str, str]:
    own = {"case.what_happened_es": HAPPENED_ES, "case.what_we_do_es": DOING_ES}
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
