"""The truth of the story while it is acted out: its steps, and what was taken."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from pathlib import Path

from amends.demo.logs.clocks import iso_utc
from amends.demo.logs.holdings import STORES, Held, of_store, share_files
from amends.demo.logs.scene import Scene
from amends.demo.logs.story import Story


@dataclass
class Step:
    """A step of the chain, as it truly was."""

    label: str
    phase: str
    at: str
    source: str
    destination: str
    account: str
    technique: str
    how: str
    n_lines: int = 0


@dataclass
class Loot:
    """What was truly read and taken of a table, file or share."""

    store: str
    table: str
    elements: list[str]
    unit: str
    rows: int
    read: int
    exfiltrated: int
    seen_in: list[str]
    labels: list[str]


@dataclass
class Record:
    """What the intruder did, kept while it is acted out.

    Attributes:
        scene: Where it happens.
        story: What is to happen.
        held: What the stores hold.
        evidence: Folder of the exhibits: names and sizes of files come from it.
        steps: The chain, as acted.
        loot: What was taken.
    """

    scene: Scene
    story: Story
    held: list[Held]
    evidence: Path
    steps: list[Step] = field(default_factory=list)
    loot: list[Loot] = field(default_factory=list)
    returns: int = 0
    staged: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, tuple[str, int]] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    cleared: tuple[str, int] = ("", 0)

    def __post_init__(self) -> None:
        """Draw what is needed on the way."""
        self.estate = self.scene.estate
        self.chance = random.Random(self.estate.seed * 3_000_017 + 41)
        tests = [hop.key for hop in self.story.hops if hop.key.startswith("test")]
        self.store_hosts = {store: key for store, (key, _) in STORES.items()} | {
            "test-server": tests[0]
        }

    def step(
        self,
        label: str,
        phase: str,
        at: int,
        source: str,
        target: str,
        account: str,
        technique: str,
        how: str,
    ) -> str:
        """Keep a step of the chain once, and return its label."""
        if all(step.label != label for step in self.steps):
            self.steps.append(
                Step(label, phase, iso_utc(at), source, target, account, technique, how)
            )
        return label

    def name(self, ip: str) -> str:
        """Return the name of the host of an address, or the address."""
        found = self.estate.by_ip.get(ip)
        return found.name if found else ip

    def chain(self, counts: dict[str, int]) -> list[dict[str, object]]:
        """Return the steps in order of time, with how many lines show each."""
        for step in self.steps:
            step.n_lines = counts.get(step.label, 0)
        return [
            {"step": k, **asdict(step)}
            for k, step in enumerate(sorted(self.steps, key=lambda s: s.at), 1)
        ]

    def take(
        self,
        held: Held,
        label: str,
        seen_in: list[str],
        *,
        read: int | None = None,
        left: bool = True,
    ) -> None:
        """Keep what was taken of a table, file or share."""
        n = held.rows if read is None else read
        self.loot.append(
            Loot(
                held.store,
                held.table,
                list(held.elements),
                held.unit,
                held.rows,
                n,
                n if left else 0,
                seen_in,
                [label],
            )
        )

    def files_of(self, store: str) -> list[tuple[str, int]]:
        """Return the files of a store that is files."""
        return share_files(self.evidence, STORES[store][1])

    def tables_of(self, store: str) -> list[Held]:
        """Return the tables of a store."""
        return of_store(self.held, store)
