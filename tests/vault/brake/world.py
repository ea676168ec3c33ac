"""A small vault with a brake, and a clock that tests can set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from amends.vault.brake import keeping
from amends.vault.brake.answering import Answering, Caller
from amends.vault.brake.brake import Brake
from amends.vault.brake.calls import Alarm, Verdict
from amends.vault.brake.decide import AGAIN
from amends.vault.brake.times import Times
from amends.vault.brake.windows import Budget
from amends.vault.keyring import Keyring
from amends.vault.roots.file import FileRoot

START = 1_767_225_600.0  # 2026-01-01


class World:
    """A vault in a folder; ``wall`` and ``steady`` are its clocks."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self.folder = folder / "vault"
        self.folder.mkdir()
        self.keyring = Keyring.create(
            self.folder, FileRoot.create(self.folder / "root.key", "root.key")
        )
        self.wall, self.steady = START, 1000.0
        self.boot = "boot-1"
        self.alarms: list[Alarm] = []
        self.durable = durable
        self.brake = self.opened()
        self.keys: dict[str, str] = {}

    def times(self) -> Times:
        return Times(lambda: self.wall, lambda: self.steady, self.boot)

    def opened(self, witnesses: Sequence[Path] = ()) -> Brake:
        return Brake(
            self.keyring,
            times=self.times(),
            ring=self.alarms.append,
            durable=self.durable,
            witnesses=witnesses,
        )

    def restart(self, witnesses: Sequence[Path] = ()) -> None:
        self.brake.close()
        self.brake = self.opened(witnesses)

    def pass_time(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def let(
        self,
        actor: str,
        purpose: str = "check",
        per_hour: int = 10,
        per_day: int = 20,
        *,
        clear: bool = False,
    ) -> str:
        keeping.set_purpose(self.brake, purpose, clear=clear, domains=[])
        key = keeping.set_actor(self.brake, actor, purpose, Budget(per_hour, per_day))
        self.keys.setdefault(actor, key)
        return self.keys[actor]

    def tokens(self, n: int, start: int = 0, domain: str = "ssn") -> list[str]:
        values = [f"9{start + i:08d}" for i in range(n)]
        tokens: list[str] = (
            self.keyring.cipher(domain).protect(pa.array(values, pa.string())).to_pylist()
        )
        return tokens

    def ask(
        self,
        actor: str,
        tokens: Sequence[str],
        purpose: str = "check",
        brake: Brake | None = None,
        **more: object,
    ) -> tuple[Verdict, list[str]]:
        brake = brake or self.brake
        answering = Answering(brake, self.keyring)
        asked = {
            "actor": actor,
            "purpose": purpose,
            "case": "T-1",
            "domain": "ssn",
            "tokens": list(tokens),
            **more,
        }
        question = answering.question(asked, Caller("test", key=self.keys.get(actor, "")))
        verdict = brake.decide([question.call])[0]
        if verdict.code == AGAIN:  # as the service does it
            question = answering.question(asked, Caller("test", key=self.keys.get(actor, "")))
            verdict = brake.decide([question.call])[0]
        return verdict, answering.answers(question, verdict)
