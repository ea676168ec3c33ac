"""Proofs: each text of a seal, or of the plan, set as it will be printed, drawn, and read back.

What is drawn is a specimen: everything but name, address and code is as people will get it. The check sets the
letters of real recipients in memory, reads them back, and compares them with the sealed rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from amends.console.base import Missing
from amends.console.release import png
from amends.console.release.press import press
from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError
from amends.notices import seals, texts
from amends.notices.compose import Letter, compose
from amends.notices.dispatch import letterhead
from amends.notices.facts import LetterFacts, Recipient, Variant
from amends.notices.letters import Piece, set_letters
from amends.notices.plain import as_text
from amends.notices.readback import Expected, bare, compare
from amends.notices.release import chosen_sql
from amends.notices.sealed_plan import outgoing
from amends.notices.stage import GroupText, duty_texts, letter_facts, require_plan, variant_of
from amends.notices.wording import element_words, wording

PLAN = "plan"
"""Stands in an address where a seal's id would: what would be sealed next."""

SPECIMEN_CODE = "XXXX-XXXX-XXXX-XXXX"
CHECKED = 3
"""Real letters of a text that are set and read back for its proof."""


@dataclass(frozen=True)
class TextRow:
    """One text of a seal or plan.

    Attributes:
        variant: Its id.
        language: en or es.
        audience: adult, guardian, next_of_kin or business.
        kind: first or update.
        group_id: A duty group it is for.
        n: People who get it.
        channels: How.
        elements: What it names.
        state: A residence it is for.
    """

    variant: str
    language: str
    audience: str
    kind: str
    group_id: str
    n: int
    channels: tuple[str, ...]
    elements: tuple[str, ...]
    state: str


@dataclass(frozen=True)
class ElementCheck:
    """An element of the plan's row beside what the letter names."""

    element: str
    planned: bool
    named: bool
    words: str

    @property
    def agrees(self) -> bool:
        """Say whether plan and letter agree."""
        return self.planned and self.named


@dataclass(frozen=True)
class Proof:
    """A text, set and read back.

    Attributes:
        variant: Its id.
        language: Its language.
        text: The specimen as plain text.
        n_pages: Pages of the specimen.
        checked: Real letters that were set and read back.
        elements: The elements of the plan beside those the letters name.
        faults: Everything in which the letters differ from the plan.
    """

    variant: str
    language: str
    text: str
    n_pages: int
    checked: int
    elements: tuple[ElementCheck, ...]
    faults: tuple[str, ...]


def rows_of(case: Case, seal_id: str) -> str:
    """Return SQL of the notices of a seal, or of those that would be sealed next.

    Raises:
        Missing: There is no such seal.
        TableError: No notices are planned.
    """
    if seal_id == PLAN:
        require_plan(case)
        return chosen_sql(case)
    if seal_id not in {s.seal_id for s in seals.in_force(case)}:
        raise Missing("There is no such seal", remedy="see them under Release")
    return f"SELECT * FROM {seals.rows_view(case, seal_id)}"


def texts_of(case: Case, seal_id: str) -> list[TextRow]:
    """Return the texts of a seal or plan, the most frequent of each language first."""
    found = case.engine.arrow(
        f"""SELECT variant, any_value(language) AS language, any_value(audience) AS audience, any_value(kind) AS kind,
            min(group_id) AS group_id, count(*) AS n, list_sort(list_distinct(list(channel))) AS channels,
            any_value(elements) AS elements, coalesce(mode(state), '') AS state,
            row_number() OVER (PARTITION BY any_value(language) ORDER BY count(*) DESC, variant) AS turn
        FROM ({rows_of(case, seal_id)}) AS r GROUP BY variant ORDER BY turn, language, variant"""
    ).to_pylist()
    return [
        TextRow(
            r["variant"], r["language"], r["audience"], r["kind"], r["group_id"], r["n"],
            tuple(r["channels"]), tuple(r["elements"]), r["state"],
        )
        for r in found
    ]  # fmt: skip


@dataclass(frozen=True)
class Words:
    """What the texts of a seal, or of the plan, are composed from.

    Attributes:
        facts: The incident.
        variants: Id → text, of a seal.
        groups: Duty group → what law asks and what was exposed, of the plan.
    """

    facts: LetterFacts
    variants: Mapping[str, Variant]
    groups: Mapping[str, GroupText]

    def of(self, row: TextRow) -> Variant:
        """Return the variant of a text."""
        if self.groups:
            return variant_of(self.groups[row.group_id], row.language, row.audience, row.kind)
        return self.variants[row.variant]


def words_of(case: Case, seal_id: str) -> Words:
    """Return what a seal's texts are composed from, as sealed; or the plan's, as of today."""
    if seal_id == PLAN:
        return Words(letter_facts(case, clock.now().date()), {}, duty_texts(case))
    facts, variants = texts.read(seals.folder_of(case, seal_id) / "texts.json")
    return Words(facts, variants, {})


def in_other_language(variant: Variant) -> Variant:
    """Return the same text in the other language."""
    return replace(variant, language="es" if variant.language == "en" else "en")


def specimen(language: str) -> Recipient:
    """Return somebody who is nobody: dots where name and address will stand."""
    return Recipient(
        "N0000000000000000", "P", "····· ·········", ("···· ········ ······",), "·········", "··",
        "·····", "", "", SPECIMEN_CODE,
    )  # fmt: skip


def specimen_pdf(variant: Variant, facts: LetterFacts) -> tuple[bytes, str]:
    """Return the specimen of a text as PDF, and its words.

    Raises:
        DeliveryError: The typesetter refuses.
    """
    letter, to = compose(variant, facts), specimen(variant.language)
    with press():
        pdf = set_letters([Piece(to, "V")], {"V": letter}, facts.entity, letterhead(facts))
    return pdf, as_text(letter, to)


def pictures(case: Case, variant: Variant, facts: LetterFacts) -> tuple[Path, int, str]:
    """Return the folder of a specimen's pages (``1.png`` …), their number and the words; drawn at first use.

    Nothing in it is anybody's: it is kept under the digest of text and facts.
    """
    key = ids.digest_value([_plain(asdict(variant)), _plain(asdict(facts)), png.SCALE])[:24]
    folder = case.out / "proof-pictures" / key
    words = as_text(compose(variant, facts), specimen(variant.language))
    if not (folder / "done").exists():
        with press():
            pdf, _ = specimen_pdf(variant, facts)
            drawn = png.pages(pdf)
        folder.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(drawn, 1):
            fresh = folder / f".{number}.{ids.new(3)}"
            fresh.write_bytes(picture)
            fresh.replace(folder / f"{number}.png")
        (folder / "done").write_text(str(len(drawn)), "utf-8")
    return folder, int((folder / "done").read_text("utf-8")), words


def _plain(value: object) -> object:
    """Return sets as sorted lists, so that the digest of a text is the same in every process."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(value)
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def prove(case: Case, seal_id: str, row: TextRow, words: Words) -> Proof:
    """Set a text's specimen and some of its real letters, read them back, and say whether they are the plan's."""
    variant, facts = words.of(row), words.facts
    _, n_pages, said = pictures(case, variant, facts)
    checks, faults, checked = _read_back(case, seal_id, row, compose(variant, facts), facts)
    return Proof(row.variant, row.language, said, n_pages, checked, checks, faults)


def _read_back(
    case: Case, seal_id: str, row: TextRow, letter: Letter, facts: LetterFacts
) -> tuple[tuple[ElementCheck, ...], tuple[str, ...], int]:
    found = case.engine.arrow(
        f"SELECT * FROM ({rows_of(case, seal_id)}) AS r WHERE variant = ? ORDER BY notice_id LIMIT {CHECKED}",
        [row.variant],
    ).to_pylist()
    # A person's own code is a key to their page: proofs carry a specimen of one.
    sent = [outgoing(r, SPECIMEN_CODE) for r in found]
    pieces = [Piece(o.to, o.variant) for o in sent]
    one, sender = {row.variant: letter}, letterhead(facts)
    try:
        with press():
            pdf = set_letters(pieces, one, facts.entity, sender)
    except DeliveryError as error:
        return (), (error.what,), 0
    plan = [Expected(p, o.elements) for p, o in zip(pieces, sent, strict=True)]
    with press():
        read, wrong = compare(pdf, plan, one, (facts.entity, " · ".join(sender)))
    said = [re.sub(r"^N[0-9A-F]{16}: ", "", w) for w in wrong]
    checks = [_named(r.text, letter, o.elements) for r, o in zip(read, sent, strict=False)]
    worst = max(checks, key=lambda c: sum(not e.agrees for e in c), default=())
    return worst, tuple(dict.fromkeys(said)), len(read)


def _named(text: str, letter: Letter, planned: Sequence[str]) -> tuple[ElementCheck, ...]:
    """Return the elements of the plan beside the bullets of a finished letter, read from its pages."""
    language = letter.variant.language
    heads = wording(language).headings
    part = text.split(heads["what_information"], 1)[-1].split(heads["what_we_do"], 1)[0]
    bullets = [b for b in part.split("•")[1:]]
    known = element_words(language)
    adult = letter.variant.audience == "adult"
    made, left = [], list(bullets)
    for element in planned:
        words = known[element].singular
        words = words if adult else re.sub(r"\byour\b", "the", words)
        hit = next((b for b in left if bare(b).startswith(bare(words))), None)
        if hit is not None:
            left.remove(hit)
        made.append(ElementCheck(element, True, hit is not None, words))
    extra = [ElementCheck("", False, True, " ".join(b.split())[:80]) for b in left]
    return (*made, *extra)
