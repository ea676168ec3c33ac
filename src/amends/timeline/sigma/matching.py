"""Asks each question once of each distinct value of a field.

All plain texts of a field are looked for together: whole values in one table, parts of values by one Aho-Corasick
automaton over the values' bytes. Regular expressions are tried only on values that contain the text they need.
"""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ahocorasick_rs import BytesAhoCorasick

from amends.timeline.sigma import addresses, patterns
from amends.timeline.sigma.fields import Field, Rows
from amends.timeline.sigma.rules import Predicate

SHORT = 3  # texts of fewer bytes stand in almost every value: they are looked for alone
CHUNK_BYTES = 1 << 20
MAX_PYTHON_TEXT = 8_192  # signs of a value that the engine that can look back is given
_PARTS = frozenset(("contains", "prefix", "suffix"))
NONE: Rows = np.zeros(0, np.int64)
_SIGNS = re.compile(r"([^A-Za-z0-9_ ])")
_NUMBER = r"^\s*[+-]?\d+(\.\d+)?\s*$"


class Questions:
    """All predicates of a set, by field, made ready to be asked of any batch."""

    def __init__(self, predicates: tuple[Predicate, ...]) -> None:
        """Take the predicates of a set of rules."""
        self.predicates = predicates
        self._by_field: dict[str, list[int]] = defaultdict(list)
        for number, predicate in enumerate(predicates):
            self._by_field[predicate.field].append(number)
        self._books: dict[str, _Literals] = {}

    def asking(self, field: str) -> Rows:
        """Return the numbers of the predicates that do not hold where a field is missing."""
        numbers = self._by_field[field]
        return np.array([n for n in numbers if self.predicates[n].op != "null"], np.int64)

    def literals(self, field: str) -> _Literals:
        """Return what looks for the plain texts of a field."""
        if field not in self._books:
            numbers = self._by_field[field]
            self._books[field] = _Literals({n: self.predicates[n] for n in numbers})
        return self._books[field]


class Answers:
    """The answers for one field of one batch: for each predicate the distinct values it holds for."""

    def __init__(self, questions: Questions, name: str, field: Field) -> None:
        """Look for all plain texts at once; the rest is asked when it is wanted."""
        self.field = field
        self._predicates = questions.predicates
        self._book = questions.literals(name)
        self._found, self._candidates = self._book.search(field)
        self.settled = self._book.quiet

    def open(self) -> Iterator[int]:
        """Yield the numbers of predicates whose text was found: of those settled they alone may hold."""
        yield from self._found
        yield from self._candidates

    def hits(self, number: int) -> Rows:
        """Return the numbers of the values for which a predicate holds."""
        if number not in self._found:
            self._found[number] = NONE if number in self._book.settled else self._asked(number)
        return self._found[number]

    def _asked(self, number: int) -> Rows:
        predicate = self._predicates[number]
        places: Rows | None = None
        if number in self._book.prefiltered:
            places = self._candidates.get(number, NONE)
            if not len(places):
                return NONE
        text = (
            self.field.values
            if predicate.cased or predicate.op in ("re", "cidr")
            else self.field.lower
        )
        values = text if places is None else text.take(pa.array(places))
        hits = np.flatnonzero(ASKED[predicate.op](values, predicate))
        return hits if places is None else places[hits]


class _Literals:
    """The plain texts of one field."""

    def __init__(self, predicates: dict[int, Predicate]) -> None:
        self.settled: set[int] = set()  # predicates whose absence from the findings means no
        self.prefiltered: set[int] = (
            set()
        )  # predicates asked only of values that contain their text
        self._whole: dict[str, list[int]] = defaultdict(list)
        self._parts: dict[bytes, list[tuple[int, str]]] = defaultdict(list)
        for number, predicate in predicates.items():
            self._sort(number, predicate)
        self.quiet: Rows = np.array([*self.settled, *self.prefiltered], np.int64)
        texts = sorted(self._parts)
        self._uses = [self._parts[t] for t in texts]
        self._automaton = BytesAhoCorasick(texts) if texts else None
        self._table = pa.array(list(self._whole), pa.string())
        self._owners = list(self._whole.values())

    def _sort(self, number: int, predicate: Predicate) -> None:
        _, op, value, cased = predicate
        if op == "eq" and not cased:
            self._whole[value].append(number)
            self.settled.add(number)
            return
        plain = op in _PARTS and not cased
        literal = value.encode() if plain else _needed(predicate).encode()
        if len(literal) < SHORT:
            return
        self._parts[literal].append((number, op if plain else "candidate"))
        (self.settled if plain else self.prefiltered).add(number)

    def search(self, field: Field) -> tuple[dict[int, Rows], dict[int, Rows]]:
        """Return for each predicate found its values; and for those with a needed text the values that have it."""
        found: dict[int, Rows] = {}
        candidates: dict[int, Rows] = {}
        self._search_whole(field, found)
        for text, values, starts, ends in self._matches(field):
            for number, use in self._uses[text]:
                if use == "candidate":
                    candidates[number] = np.unique(values)
                    continue
                hit = values
                if use != "contains":
                    hit = values[starts if use == "prefix" else ends]
                if len(hit):
                    found[number] = np.unique(hit)
        return found, candidates

    def _search_whole(self, field: Field, found: dict[int, Rows]) -> None:
        if not self._owners:
            return
        places = pc.index_in(field.lower, value_set=self._table)
        hits = np.flatnonzero(places.is_valid().to_numpy(zero_copy_only=False))
        gathered: dict[int, list[int]] = defaultdict(list)
        for hit, text in zip(hits.tolist(), places.drop_null().to_pylist(), strict=True):
            gathered[text].append(hit)
        for text, values in gathered.items():
            for number in self._owners[text]:
                found[number] = np.array(values, np.int64)

    def _matches(self, field: Field) -> Iterator[tuple[int, Rows, Any, Any]]:
        """Yield for each text found: its number, the values it stands in, whether at their begin, at their end."""
        if self._automaton is None or not len(field.values):
            return
        found = [m for m in _scan(self._automaton, field.lower) if len(m)]
        if not found:
            return
        table = np.concatenate(found)
        table = table[np.argsort(table[:, 0], kind="stable")]
        bounds = np.flatnonzero(np.diff(table[:, 0], prepend=-1))
        for part in np.split(table, bounds[1:]):
            yield int(part[0, 0]), part[:, 1], part[:, 2] == 1, part[:, 3] == 1


def _needed(predicate: Predicate) -> str:
    """Return a text in lower case that a value must contain for the predicate to hold."""
    if predicate.op == "re":
        return str(predicate.value[2])
    if predicate.op == "glob":
        return max((p for p in predicate.value if isinstance(p, str)), key=len, default="").lower()
    if predicate.op in ("contains", "prefix", "suffix", "eq"):
        return str(predicate.value).lower()
    return ""


def _scan(automaton: BytesAhoCorasick, values: pa.StringArray) -> Iterator[Any]:
    """Yield rows of text, value, at its begin, at its end, for all texts found in the values' bytes.

    Values lie one behind the other without a gap: what reaches over a border is no finding.
    """
    offsets = np.frombuffer(
        values.buffers()[1], np.int32, len(values) + 1, values.offset * 4
    ).astype(np.int64)
    data = values.buffers()[2]
    if data is None:
        return
    start = 0
    while start < len(values):
        stop = int(np.searchsorted(offsets, offsets[start] + CHUNK_BYTES, "right")) - 1
        stop = min(max(stop, start + 1), len(values))
        base = int(offsets[start])
        piece = data[base : int(offsets[stop])]
        hits = automaton.find_matches_as_indexes(memoryview(piece).cast("B"), overlapping=True)
        if hits:
            table = np.array(hits, np.int64)
            begins, ends = table[:, 1] + base, table[:, 2] + base
            place = np.searchsorted(offsets, begins, "right") - 1
            kept = ends <= offsets[place + 1]
            yield np.stack(
                [table[:, 0], place, begins == offsets[place], ends == offsets[place + 1]], axis=1
            )[kept]
        start = stop


def _bools(array: pa.Array) -> Any:
    return array.fill_null(False).to_numpy(zero_copy_only=False)


def _equal(values: pa.StringArray, predicate: Predicate) -> Any:
    return _bools(pc.equal(values, predicate.value))


def _contains(values: pa.StringArray, predicate: Predicate) -> Any:
    return _bools(pc.match_substring(values, predicate.value))


def _prefix(values: pa.StringArray, predicate: Predicate) -> Any:
    return _bools(pc.starts_with(values, predicate.value))


def _suffix(values: pa.StringArray, predicate: Predicate) -> Any:
    return _bools(pc.ends_with(values, predicate.value))


def _glob(values: pa.StringArray, predicate: Predicate) -> Any:
    parts = [
        ".*" if p is None else "." if p == 0 else _SIGNS.sub(_quoted, str(p))
        for p in predicate.value
    ]
    return _bools(pc.match_substring_regex(values, r"(?s)\A" + "".join(parts) + r"\z"))


def _quoted(found: re.Match[str]) -> str:
    sign = found.group(1)
    return "\\" + sign if sign.isascii() and sign.isprintable() else f"\\x{{{ord(sign):x}}}"


def _regex(values: pa.StringArray, predicate: Predicate) -> Any:
    pattern, flags, _, engine = predicate.value
    if engine == "linear":
        return _bools(pc.match_substring_regex(values, patterns.for_arrow(pattern, flags)))
    made = re.compile(pattern, sum({"i": re.I, "m": re.M, "s": re.S}[f] for f in flags))
    return np.array(
        [made.search(v[:MAX_PYTHON_TEXT]) is not None for v in values.to_pylist()], bool
    )


def _cidr(values: pa.StringArray, predicate: Predicate) -> Any:
    return addresses.in_networks(values, [ipaddress.ip_network(predicate.value)])


def _number(values: pa.StringArray, predicate: Predicate) -> Any:
    good = pc.match_substring_regex(values, _NUMBER)
    numbers = pc.if_else(good, pc.utf8_trim_whitespace(values), pa.scalar(None, pa.string())).cast(
        pa.float64()
    )
    compare: Callable[..., Any] = {
        "lt": pc.less, "lte": pc.less_equal, "gt": pc.greater, "gte": pc.greater_equal, "neq": pc.not_equal,
    }[predicate.op]  # fmt: skip
    return _bools(compare(numbers, predicate.value))


ASKED: dict[str, Callable[[pa.StringArray, Predicate], Any]] = {
    "eq": _equal, "contains": _contains, "prefix": _prefix, "suffix": _suffix, "glob": _glob, "re": _regex,
    "cidr": _cidr, "lt": _number, "lte": _number, "gt": _number, "gte": _number, "neq": _number,
}  # fmt: skip
