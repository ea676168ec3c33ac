"""What the columns of a table say about each other.

A city is somebody's address only beside somebody; nine digits nobody named are an SSN only beside
a name or a birth date; words between a street and a state are a city.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from amends.elements.columns_base import ColumnGuess
from amends.elements.columns_values import is_serial
from amends.elements.headers import is_nameless, plain_header
from amends.elements.shapes_cells import Cells
from amends.elements.shapes_data import word_set

# Elements that show by themselves that a table is about people.
_PERSONAL = word_set(
    "name email phone birth_date ssn ssn_last4 itin drivers_licence state_id passport mrn mbi "
    "username bank_account card imei imsi iccid health_policy gov_id_other ein password "
    "password_hash pin account_pin card_cvv security_answer"
)
# Elements that are somebody's only beside somebody, or beside the key of somebody.
_LONE = word_set(
    "address zip geo routing_number bic account_number tax_info diagnosis call_record "
    "prescription card_expiry npi birth_place work_evaluation plate token employee_id student_id"
)
# Elements by whose strong header a row says whose it is, though it names nobody.
_KEYS = frozenset(["account_number", "employee_id", "student_id"])
_SURE = 0.9


def look_beside(
    guesses: Sequence[ColumnGuess],
    cells: Mapping[str, Cells],
    has_header: bool,
    declared: Sequence[str] = (),
    population: str = "",
) -> list[ColumnGuess]:
    """Return the columns of a table in the light of each other.

    Args:
        guesses: What each column seems to hold by itself.
        cells: A sample of each.
        has_header: Whether names came from the exhibit.
        declared: Columns that the exhibit declares as keys to other tables.
        population: Whose data the exhibit is said to hold.
    """
    personal = {
        g.element for g in guesses if g.element and g.element in _PERSONAL and g.part != "business"
    }
    n_sure = len({g.element for g in guesses if g.element in _PERSONAL and g.confidence >= 0.7})
    out = [_beside(guess, personal, n_sure, cells[guess.column]) for guess in guesses]
    out = _without_half_names(out)
    if not any(g.element in _PERSONAL for g in out) and not _is_somebodys(out, declared):
        out = [g if g.element in _KEYS and g.column in declared else _alone(g) for g in out]
    if any(g.part == "street" for g in out):
        out = _cities(out, cells, has_header)
    if any(g.element == "name" for g in out):
        out = [_numbered(g, cells[g.column], population) for g in out]
    return [_without_system_keys(g, cells[g.column]) for g in out]


def _numbered(guess: ColumnGuess, cells: Cells, population: str) -> ColumnGuess:
    """Call the plain number of each person what the exhibit's population says it is."""
    element = next((e for word, e in _NUMBERS.items() if word in population.lower()), None)
    if guess.element is not None or element is None or plain_header(guess.column) not in _PLAIN_ID:
        return guess
    held = cells.values.drop_null()
    own = len(held) and len(held.unique()) == len(held) and (cells.lengths >= 4).sum() == len(held)
    if not own:
        return guess
    why = ("a number of their own beside names", f"the exhibit holds data of {population}")
    return replace(guess, element=element, confidence=0.75, evidence=why)


def _without_system_keys(guess: ColumnGuess, cells: Cells) -> ColumnGuess:
    """Take back a ``customer_id`` of digits: rows point at each other by it, no number people have."""
    if guess.element != "account_number" or guess.decided_by != "rule":
        return guess
    counted = (cells.digits == cells.lengths)[cells.present].all()
    if plain_header(guess.column) not in _SYSTEM_KEYS or not counted:
        return guess
    return guess.withdrawn("a key of the system, not a number that customers are given")


# A row number of a system; what customers know is their customer or account number.
_SYSTEM_KEYS = word_set("customer_id cust_id client_id customerid custid clientid user_id")
_PLAIN_ID = word_set("id no num number nr id_no id_number")
_NUMBERS = {
    "employee": "employee_id", "staff": "employee_id", "student": "student_id", "patient": "mrn",
}  # fmt: skip


def _without_half_names(guesses: list[ColumnGuess]) -> list[ColumnGuess]:
    """Take back a lone column of first or of last names that nothing but its values speaks for."""
    held = [g for g in guesses if g.element == "name" and not g.role]
    parts = {g.part for g in held}
    whole = {"first", "last"} <= parts or not parts <= {"first", "last", "middle", "suffix"}
    beside = any(g.element in _PERSONAL and g.element != "name" for g in guesses)
    if whole or beside or any(g.from_header for g in held):
        return guesses
    why = "words that are names too, and nobody's data beside them"
    return [g.withdrawn(why) if g in held and g.decided_by == "rule" else g for g in guesses]


def _is_somebodys(guesses: Sequence[ColumnGuess], declared: Sequence[str]) -> bool:
    """Say whether a table without people holds their data: whole addresses, or data with a key."""
    streets = any(g.part == "street" and g.confidence >= 0.7 for g in guesses)
    places = any(g.element == "zip" or g.part == "city" for g in guesses)
    if streets and places:
        return True
    keyed = bool(declared) or any(g.element in _KEYS and g.confidence >= _SURE for g in guesses)
    data = any(g.element in _LONE - _KEYS - {"token", "npi"} for g in guesses)
    return keyed and data and (streets or not any(g.element == "address" for g in guesses))


def _beside(guess: ColumnGuess, personal: set[str], n_sure: int, cells: Cells) -> ColumnGuess:
    if guess.element == "ssn" and guess.confidence < 0.7 and not guess.from_header:
        others = sorted(personal - {"ssn"})
        if len(others) < 2 or is_serial(cells):
            return guess.withdrawn("nine digits without a header, nobody beside them: not an SSN")
        return replace(guess.note("beside " + ", ".join(others)), confidence=0.75)
    if guess.part == "business" and not personal and n_sure < 2:
        return guess.withdrawn("names of organisations, and nobody's data beside them")
    return guess


def _alone(guess: ColumnGuess) -> ColumnGuess:
    """Take back what is personal only beside a person: places, postal codes, loose numbers."""
    if guess.element in _LONE:
        return guess.withdrawn(f"{guess.part or guess.element} without a person beside it")
    return guess


def _cities(
    guesses: Sequence[ColumnGuess], cells: Mapping[str, Cells], has_header: bool
) -> list[ColumnGuess]:
    """Name the column between street and state of a table without headers a city."""
    out = list(guesses)
    for at in range(1, len(out) - 1):
        before, here, after = out[at - 1], out[at], out[at + 1]
        unnamed = here.element is None or here.element == "name"
        if not unnamed or (has_header and not is_nameless(here.column)):
            continue
        cell = cells[here.column]
        wordy = cell.n_present and (cell.letters >= 3).sum() / cell.n_present > 0.9
        if wordy and before.part in ("street", "street2") and after.part == "state":
            why = ("words between street and state",)
            out[at] = replace(here, element="address", part="city", confidence=0.8, evidence=why)
    return out
