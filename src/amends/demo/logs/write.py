"""Writes the logs, the company's lists and the truth of a seed."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from amends.demo.logs.act import act
from amends.demo.logs.clocks import DAY, HOUR, iso_utc
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.estate import FROM, TO, draw_estate
from amends.demo.logs.histories import write_histories
from amends.demo.logs.holdings import Counted, holdings
from amends.demo.logs.noise import Noise
from amends.demo.logs.roster import others, write_roster
from amends.demo.logs.scene import Scene
from amends.demo.logs.shelf import Shelf
from amends.demo.logs.staff import draw_tester
from amends.demo.logs.story import draw_story


def write_logs(
    folder: Path,
    *,
    seed: int,
    counted: Counted,
    evidence: Path,
    roster: Path,
    truth: Path,
    lines: int,
) -> tuple[Deeds, int]:
    """Write ``logs-1``, the lists of the roster and the truth; return what was done and how many lines.

    Args:
        folder: Folder of the case data.
        seed: Which case.
        counted: Rows and bytes of the stolen exhibits.
        evidence: Folder of the stolen exhibits.
        roster: Folder of the rosters.
        truth: Folder of the truth.
        lines: About how many lines to write.
    """
    estate, tester = draw_estate(seed), draw_tester(seed)
    story = draw_story(estate)
    shelf = Shelf(folder / "logs-1", truth / "log_labels.jsonl", seed)
    scene = Scene(estate, shelf, random.Random(seed * 7_000_003 + 13))
    held = holdings(counted, evidence)
    deeds = Deeds(scene, story, held + others(held), evidence)
    lost = _lose_a_day(scene, seed)
    act(deeds)
    noise = Noise(scene, deeds, tester, lines)
    window = max(HOUR, min(DAY, int(DAY * 600_000 / max(lines, 1)) // HOUR * HOUR))
    for start in range(FROM, TO, window):
        noise.window(start, min(start + window, TO))
        scene.settle(min(start + window, TO) - HOUR)
    write_histories(scene)
    scene.settle(1 << 62)
    shelf.close()
    write_roster(roster, deeds, tester)
    _write_truth(truth, deeds, lost)
    return deeds, shelf.n_lines


def _lose_a_day(scene: Scene, seed: int) -> dict[str, Any]:
    """Choose a log that has no lines for a day."""
    chance = random.Random(seed * 11_000_027 + 7)
    key = chance.choice(("billing:auth", "lake:auth", "jump:auth", "web:access.log", "fw"))
    if key == "fw":
        key = next(name for name in scene.files if name.startswith("fw:"))
    start = FROM + chance.randrange(13, 28) * DAY
    scene.files[key].lost.append((start, start + DAY))
    return {
        "path": scene.files[key].spans[-1].name, "from": iso_utc(start), "to": iso_utc(start + DAY),
    }  # fmt: skip


def _write_truth(truth: Path, deeds: Deeds, lost: dict[str, Any]) -> None:
    estate, story, counts = deeds.estate, deeds.story, deeds.scene.shelf.counts
    _dump(truth / "chain.json", {
        "entry": story.entry,
        "entry_host": estate[{"vpn_no_mfa": "vpn", "test_server": "test1"}.get(story.entry, "edge")].name,
        "first_access": iso_utc(story.nights[0]),
        "outside": list(story.outside), "drops": list(story.drops),
        "path": [estate[hop.key].name for hop in story.hops],
        "steps": deeds.chain(counts), "flavours": estate.flavours,
        "decoys": {label: n for label, n in sorted(counts.items()) if label.startswith("decoy:")},
    })  # fmt: skip
    _dump(truth / "taken.json", [loot.__dict__ for loot in deeds.loot])
    cleared, at = deeds.cleared
    _dump(truth / "clocks.json", {
        "hosts": {m.name: {"zone": m.clock.zone, "told": m.told_zone, "skew_ms": m.skew_ms,
                           "drift_ms_a_day": m.drift_ms_day, "skew_at": iso_utc(FROM)}
                  for m in estate.machines.values()},
        "missing": [lost],
        "cleared": {"host": estate[cleared].name, "at": iso_utc(at)} if cleared else {},
        "duplicated": sorted(file.spans[-1].name for file in deeds.scene.files.values() if file.copy is not None),
        "collector": deeds.scene.forwarded.spans[-1].name,
        "torn": sorted(name for file in deeds.scene.files.values() for name in file.torn),
        "without_logs": [estate["ivr"].name],
    })  # fmt: skip


def _dump(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", "utf-8")
