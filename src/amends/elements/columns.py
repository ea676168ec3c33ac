"""Which element each column of a table holds: header, values and neighbours together.

The header proposes; the values of a sample taken across the table confirm, refuse or propose
themselves; the neighbours settle what neither can (a place is somebody's address only beside
somebody). Whatever speaks against the answer stands in its evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from amends.elements.columns_base import ColumnGuess
from amends.elements.columns_beside import look_beside
from amends.elements.columns_values import ValueGuess, guess_by_values, is_flag
from amends.elements.headers import FAR, WEAK, HeaderGuess, guess_header, is_nameless
from amends.elements.shapes import Context, classify
from amends.elements.shapes_cells import Cells
from amends.elements.shapes_data import word_set
from amends.elements.shapes_dates import (
    DateReader,
    DateReading,
    learn_reading,
    spread_of_years,
)
from amends.kernel import clock

# A share of valid values at which a header is believed, by how much the header alone is worth.
_ENOUGH_STRONG, _ENOUGH_WEAK = 0.3, 0.7
# A share at which values are believed against a header that says another thing.
_OVERRULES = 0.9


def guess_columns(
    sample: pa.RecordBatch | pa.Table,
    columns: Sequence[str],
    has_header: bool = True,
    decided: Mapping[str, tuple[str | None, str]] | None = None,
    declared: Sequence[str] = (),
    population: str = "",
) -> list[ColumnGuess]:
    """Return what each column holds.

    Args:
        sample: Some hundreds or thousands of rows from all over the table, every column text.
        columns: Names in order.
        has_header: Whether the names came from the exhibit.
        decided: What people decided: column → element (null for none) and the decision's id.
        declared: Columns that the exhibit declares as keys to other tables.
        population: Whose data the exhibit is said to hold: employee, patient, customer …
    """
    cells = {name: Cells(_column(sample, name)) for name in columns}
    guesses = [
        _guess_column(name, position, cells[name], has_header)
        for position, name in enumerate(columns, start=1)
    ]
    guesses = look_beside(guesses, cells, has_header, declared, population)
    return [_obey(guess, decided or {}) for guess in guesses]


def _column(sample: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    held = sample.column(name)
    if isinstance(held, pa.ChunkedArray):
        held = pa.concat_arrays(held.chunks) if held.num_chunks else pa.array([], pa.string())
    return held


def _guess_column(name: str, position: int, cells: Cells, has_header: bool) -> ColumnGuess:
    heads = guess_header(name) if has_header else ()
    nameless = not has_header or is_nameless(name)
    if not cells.n_present:
        return _empty(name, position, heads)
    if heads and is_flag(cells) and not _may_be_few(heads):
        why = f"header reads as {heads[0].element}, but the values are flags"
        return ColumnGuess(name, position, None, confidence=0.9, evidence=(why,))
    best = _best_head(name, position, heads, cells)
    values = guess_by_values(name, cells, nameless)
    return _settle(name, position, heads, best, values, cells)


def _may_be_few(heads: Sequence[HeaderGuess]) -> bool:
    return any(h.element in ("name", "address", "zip", "password", "username") for h in heads)


def _empty(name: str, position: int, heads: Sequence[HeaderGuess]) -> ColumnGuess:
    strong = [h for h in heads if h.strength > WEAK]
    if not strong:
        return ColumnGuess(name, position, None, evidence=("no values seen",), confidence=0.5)
    head = strong[0]
    why = (f"header reads as {head.said}", "no values seen in the sample")
    return ColumnGuess(name, position, head.element, head.part, head.role, 0.5, why)


def _best_head(
    name: str, position: int, heads: Sequence[HeaderGuess], cells: Cells
) -> tuple[ColumnGuess, float, float] | None:
    """Return the reading of the header that the values fit best, its share and its strength."""
    best: tuple[ColumnGuess, float, float] | None = None
    for head in heads:
        reading = learn_reading(cells) if head.element == "birth_date" else DateReading()
        element, part = _sharpen(head, cells)
        share = valid_share(element, part, cells, reading)
        why = (f"header reads as {head.said}", f"{share:.0%} of the sampled values are valid")
        guess = ColumnGuess(
            name,
            position,
            element,
            part,
            head.role,
            _confidence(head.strength, share),
            why,
            reading,
        )
        if best is None or share * head.strength > best[1] * best[2]:
            best = (guess, share, head.strength)
    return best


def _sharpen(head: HeaderGuess, cells: Cells) -> tuple[str, str]:
    """Return the element a header means once the length of its values is known."""
    if head.element == "ssn":
        four = int(((cells.digits == 4) & (cells.lengths == 4)).sum())
        if four / cells.n_present > 0.8:
            return "ssn_last4", ""
    if head.element == "account_pin" and head.part:
        return "account_pin", ""
    return head.element, head.part


def valid_share(element: str, part: str, cells: Cells, reading: DateReading) -> float:
    """Return the share of present values that are valid for a kind, fillers left out."""
    context = Context(dates=DateReader(reading))
    seen = classify(element, part, cells, context)
    real = seen.n_valid + int(seen.malformed.sum())
    return seen.n_valid / real if real else 0.0


def _confidence(strength: float, share: float) -> float:
    return round(min(0.99, 0.55 * strength + 0.45 * share), 2)


def _settle(
    name: str,
    position: int,
    heads: Sequence[HeaderGuess],
    best: tuple[ColumnGuess, float, float] | None,
    values: ValueGuess | None,
    cells: Cells,
) -> ColumnGuess:
    if best is None:
        return _from_values(name, position, values)
    guess, share, strength = best
    agrees = values is None or values.element == guess.element or values.share < _OVERRULES
    if _plausible(guess, share, strength, cells) and (agrees or share >= 0.5):
        if values is not None and not agrees:
            guess = guess.note(f"values could also be {values.element} ({values.share:.0%})")
        return guess
    if values is not None and values.share >= _OVERRULES:
        against = f"header reads as {guess.element}, values do not agree"
        found = _from_values(name, position, values)
        return replace(found, evidence=(*found.evidence, against))
    if strength > WEAK and _keeps_malformed(guess, cells):
        why = "few values are valid; kept as possible"
        return replace(guess.note(why), confidence=min(guess.confidence, 0.55))
    why = f"header could read as {heads[0].element}, values do not agree ({share:.0%} valid)"
    return ColumnGuess(name, position, None, evidence=(why,), confidence=0.7)


def _from_values(name: str, position: int, values: ValueGuess | None) -> ColumnGuess:
    if values is None:
        why = "neither header nor values speak of personal data"
        return ColumnGuess(name, position, None, evidence=(why,), confidence=0.8)
    return ColumnGuess(
        name,
        position,
        values.element,
        values.part,
        "",
        values.confidence,
        (values.why,),
        values.reading,
    )


def _plausible(guess: ColumnGuess, share: float, strength: float, cells: Cells) -> bool:
    """Say whether the values bear the header out."""
    if share < (_ENOUGH_STRONG if strength > WEAK else _ENOUGH_WEAK):
        return False
    if guess.element == "username" and cells.letters.any() == 0:
        return False  # numbers are keys of the system, not names people log in with
    if strength > WEAK:
        return True
    return _weak_fits(guess, cells, strength)


def _weak_fits(guess: ColumnGuess, cells: Cells, strength: float) -> bool:
    """Ask more of the values where the header alone says little."""
    from_values = guess_by_values(guess.column, cells, nameless=True)
    if from_values is not None and from_values.element == guess.element:
        return True
    element, part = guess.kind
    if element == "name" and part in ("full", "business"):
        return False
    if element == "birth_date":
        days = DateReader(guess.reading).days(cells)
        spread = spread_of_years(days, clock.now().date())
        return spread is not None and bool(spread)
    if strength <= FAR:
        return element in ("name", "address", "zip", "account_number")
    return element in _WEAK_BUT_TELLING


# Elements whose weak headers (user, pin, acct_no, state …) suffice once the values fit.
_WEAK_BUT_TELLING = word_set(
    "name address zip ssn ssn_last4 drivers_licence account_number username password pin card_cvv "
    "card_expiry bank_account phone email imei iccid mrn health_policy diagnosis routing_number "
    "gov_id_other state_id password_hash alien_number token security_answer prescription "
    "meid bic"
)


def _keeps_malformed(guess: ColumnGuess, cells: Cells) -> bool:
    """Say whether a strongly named column keeps its element though its values fail.

    A column called ``ssn`` full of nine digits that were never issued is still reported; one that
    holds prose, dates or amounts is not.
    """
    n = max(cells.n_present, 1)
    if guess.element in (
        "birth_date",
        "phone",
        "imei",
        "imsi",
        "iccid",
        "card",
        "ssn",
        "itin",
        "ein",
    ):
        return bool((cells.digits >= 6).sum() / n > 0.5)
    if guess.element == "name" and guess.part in ("first", "last"):
        return bool((cells.letters > 0).sum() / n > 0.5)  # odd or hostile names are names still
    return guess.element in ("email", "drivers_licence", "passport", "bank_account", "mbi", "vin")


def _obey(guess: ColumnGuess, decided: Mapping[str, tuple[str | None, str]]) -> ColumnGuess:
    if guess.column not in decided:
        return guess
    element, decision = decided[guess.column]
    element, _, part = (element or "").partition(".")
    return replace(
        guess,
        element=element or None,
        part=part or (guess.part if element == guess.element else ""),
        confidence=1.0,
        evidence=(*guess.evidence, f"decision {decision}"),
        decided_by=decision,
    )


def take_sample(batches: Sequence[pa.RecordBatch], rows: int = 4000) -> pa.Table:
    """Return rows from all over the given batches, the same ones every time."""
    table = pa.Table.from_batches(list(batches))
    if table.num_rows <= rows:
        return table
    places = np.linspace(0, table.num_rows - 1, rows).astype(np.int64)
    return table.take(pa.array(places))
