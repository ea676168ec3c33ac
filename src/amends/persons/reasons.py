"""Why a record is in its person, in words: the agreements with the record it is tied to most strongly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.persons.cluster import Clusters, agreements
from amends.persons.compare import FIELDS
from amends.persons.hashing import I64
from amends.persons.model import pack_levels, unpack_levels

ALONE = "only record"
SAME_CONTENT = "same content as another record"
LINKED = "a key between tables"
DECIDED = "decided"

_WORDS: dict[tuple[str, str], str] = {
    ("first", "alike"): "given name alike", ("first", "near"): "given name but for a slip",
    ("first", "part"): "part of the given name", ("first", "initial"): "initial of the given name",
    ("first", "nickname"): "short form of the given name", ("first", "swapped"): "names swapped",
    ("middle", "initial"): "middle initial", ("middle", "equal"): "middle name",
    ("last", "alike"): "family name alike", ("last", "near"): "family name but for a slip",
    ("last", "part"): "part of the family name", ("suffix", "equal"): "suffix",
    ("born", "same_year"): "birth year", ("born", "near"): "birth date in part",
    ("born", "slip"): "birth date but for a slip", ("born", "equal"): "birth date",
    ("ssn", "last4_near"): "last four of the SSN but for a slip", ("ssn", "last4_equal"): "last four of the SSN",
    ("ssn", "last4_only"): "last four of the SSN", ("ssn", "equal_many"): "an SSN that several people use",
    ("ssn", "equal"): "SSN", ("phone", "slip"): "phone but for a slip", ("phone", "equal"): "phone",
    ("phone", "equal_many"): "a phone that several people use", ("email", "alike"): "e-mail alike",
    ("email", "equal"): "e-mail", ("place", "same_zip"): "ZIP code", ("place", "near_address"): "nearly the address",
    ("place", "other_unit"): "address, another unit", ("place", "same_address"): "address",
    ("licence", "last4_equal"): "last four of the licence", ("licence", "equal"): "driver's licence",
    ("account", "equal"): "account", ("account", "equal_many"): "an account that several people use",
    ("device", "equal"): "device", ("passport", "equal"): "passport",
    ("business", "alike"): "business name alike", ("business", "equal"): "business name",
}  # fmt: skip
_ORDER = (
    *("ssn", "passport", "licence", "born", "first", "middle", "last", "suffix", "business"),
    *("email", "phone", "place", "account", "device"),
)


def say(levels: int) -> str:
    """Return the agreements of packed levels in words, the strongest first."""
    found = agreements(levels)
    words = []
    for field in _ORDER:
        level = found.get(field, "")
        if field in ("first", "last") and level.startswith("equal_"):
            words.append("given name" if field == "first" else "family name")
        elif (field, level) in _WORDS:
            words.append(_WORDS[field, level])
    return ", ".join(words) or "no field alone"


def _coarse(levels: I64) -> tuple[I64, I64]:
    """Return distinct levels without what the words do not tell, and which of them each tie has."""
    distinct, code = np.unique(levels, return_inverse=True)
    parts = unpack_levels(distinct)
    for field, names in FIELDS.items():
        kept = np.array([_kept_level(field, names, i) for i in range(len(names))], np.uint8)
        parts[field] = kept[parts[field]]
    coarse, again = np.unique(pack_levels(parts), return_inverse=True)
    return coarse, again[code]


def _kept_level(field: str, names: tuple[str, ...], level: int) -> int:
    """Return the level that stands for this one in words: equal names are one, silent levels none."""
    if names[level].startswith("equal_") and "equal_common" in names:
        return names.index("equal_common")
    return level if (field, names[level]) in _WORDS else 0


def reasons(clusters: Clusters) -> tuple[pa.Array, npt.NDArray[np.float64], pa.Array]:
    """Return for each record the reason, the weight (log10 odds, NaN for a single record) and the rule."""
    node = clusters.node
    distinct, code = _coarse(clusters.tie)
    words = [say(int(v)) for v in distinct]
    fixed = [ALONE, SAME_CONTENT, LINKED, DECIDED]
    alone = clusters.partner < 0
    text = np.where(alone, 0, code + len(fixed))
    text[(clusters.rule == 2) & ~alone] = 2
    text[(clusters.rule == 3) & ~alone] = 3
    per_record = text[node]
    weight = clusters.weight[node].astype(np.float64)
    copies = np.bincount(clusters.node[clusters.cluster >= 0], minlength=len(alone)) > 1
    copied = copies[node] & alone[node] & (clusters.cluster >= 0)
    per_record[copied] = 1
    per_record[clusters.cluster < 0] = 0
    weight[clusters.cluster < 0] = np.nan
    weight[(clusters.rule[node] == 2) | (clusters.rule[node] == 3)] = np.nan
    rule = np.array(["single", "scored", "linked", "decided"], object)[clusters.rule[node]]
    rule[copied] = "scored"
    rule[clusters.cluster < 0] = "single"
    said = pa.DictionaryArray.from_arrays(
        pa.array(per_record.astype(np.int32)), pa.array([*fixed, *words])
    )
    return said.cast(pa.string()), weight, pa.array(list(rule), pa.string())
