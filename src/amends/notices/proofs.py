"""Proofs: a sample of the planned letters, set and read back, for the two who approve."""

from __future__ import annotations

import shutil
from pathlib import Path

from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError
from amends.notices.channels.base import Outgoing
from amends.notices.compose import Letter, compose
from amends.notices.dispatch import letterhead
from amends.notices.letters import Piece, set_letters
from amends.notices.readback import Expected, compare
from amends.notices.sealed_plan import outgoing
from amends.notices.stage import duty_texts, letter_facts, require_plan, variant_of
from amends.tables.notices import NOTICES
from amends.vault.codes import code_key, letter_code


def proofs(case: Case, n: int = 12) -> list[Path]:
    """Set a sample of the planned letters, one of as many different texts as there is room for, into ``out/proofs``.

    Raises:
        TableError: No notices are planned.
        DeliveryError: A proof differs from the plan.
    """
    require_plan(case)
    view = case.read(NOTICES)
    rows = case.engine.arrow(
        f"""SELECT * EXCLUDE (turn) FROM (
            SELECT *, row_number() OVER (PARTITION BY variant ORDER BY notice_id) AS turn,
                count(*) OVER (PARTITION BY variant) AS n_variant
            FROM {view} WHERE len(quarantine) = 0 AND sealed_in IS NULL
        ) ORDER BY turn, language, n_variant DESC, variant LIMIT ?""",
        [n],
    ).to_pylist()
    facts = letter_facts(case, clock.now().date())
    groups = duty_texts(case)
    key = code_key(case.folder / "keys")
    folder = case.out / "proofs"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = []
    for row in rows:
        variant = variant_of(groups[row["group_id"]], row["language"], row["audience"], row["kind"])
        letter = compose(variant, facts)
        made.append(
            _proof(
                folder,
                outgoing(row, letter_code(key, row["person_id"])),
                letter,
                facts.entity,
                letterhead(facts),
            )
        )
    return made


def _proof(
    folder: Path, notice: Outgoing, letter: Letter, entity: str, sender: tuple[str, ...]
) -> Path:
    piece = Piece(notice.to, notice.variant)
    one = {notice.variant: letter}
    pdf = set_letters([piece], one, entity, sender)
    _, wrong = compare(pdf, [Expected(piece, notice.elements)], one, (entity, " · ".join(sender)))
    if wrong:
        raise DeliveryError(
            f"A proof differs from the plan: {wrong[0]}",
            where="out/proofs",
            remedy="report the fault; nothing was sent",
        )
    path = folder / f"{notice.to.notice_id}.pdf"
    path.write_bytes(pdf)
    return path
