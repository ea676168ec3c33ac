"""Weights of agreement: same person, relatives in one home, or strangers (Fellegi and Sunter, three classes).

What strangers share by chance is counted on random pairs and value counts of the data at hand; what relatives
share is fixed; what records of one person share is shipped and refined. Free estimation is worse: on a small clean
set it takes relatives for persons.

Source:
    Fellegi and Sunter: A theory for record linkage (1969); Winkler: Using the EM algorithm for weight
    computation in the Fellegi–Sunter model (1988).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from amends.persons.compare import FIELDS, Levels, Shares

F64 = npt.NDArray[np.float64]
F32 = npt.NDArray[np.float32]

SMALLEST = 200
"""Records below which a table is taken as a sample of so many: a short list proves nothing by being short."""

_LONE = -1.0
"""Highest log10 odds of two records that agree in one thing only."""

_ROUNDS = 12
_FLOOR = 1e-9


@cache
def shipped() -> Mapping[str, Any]:  # a parsed TOML tree
    """Return the shipped parameters."""
    text = (resources.files("amends.persons") / "data" / "parameters.toml").read_text("utf-8")
    return tomllib.loads(text)


@dataclass
class Model:
    """log10 chances of each level of each field under the three explanations, and the odds before looking.

    Attributes:
        same: Field → chance of each level for records of one person.
        relatives: The same for two people of one home.
        strangers: The same for strangers.
        same_per_record: Records of the same person a record has.
        relatives_per_record: Records of people of the same home.
        n: Records.
    """

    same: dict[str, F64]
    relatives: dict[str, F64]
    strangers: dict[str, F64]
    same_per_record: float
    relatives_per_record: float
    n: int


def first_model(
    n: int, shares: Shares, random: Levels, counts: Mapping[str, F64], homes: float
) -> Model:
    """Return the model before refinement.

    Args:
        n: Distinct records.
        shares: Commonness of names.
        random: Levels of random pairs.
        counts: For first and last: how many records bear each name code.
        homes: Records of others at a record's address, on average; NaN where it cannot be known.
    """
    tree = shipped()
    same = {f: _spread(f, tree["same"][f], shares, counts) for f in FIELDS}
    relatives = {f: _spread(f, tree["relatives"][f], shares, counts) for f in FIELDS}
    strangers = {f: _strangers(f, n, random[f], shares, counts, tree) for f in FIELDS}
    prior = tree["prior"]
    kin = prior["relatives_per_record"]
    if np.isfinite(homes):  # what is seen, leaning on what is shipped as far as a thousand records
        kin = (homes * n + kin * prior["weight_homes"]) / (n + prior["weight_homes"])
    return Model(same, relatives, strangers, prior["same_per_record"], max(kin, 0.02), n)


def _equal_bins(field: str, shares: Shares, counts: Mapping[str, F64]) -> tuple[F64, F64]:
    """Return for each class of commonness (how often a person's name is in it, chance that two agree in it)."""
    share = shares.first if field == "first" else shares.last
    classes = shares.first_bin if field == "first" else shares.last_bin
    weight = counts[field].copy()
    weight[0] = 0
    weight /= max(weight.sum(), _FLOOR)
    borne = np.bincount(classes, weight, 4) + 1e-6
    chance = np.bincount(classes, weight * share, 4) + 1e-9
    return np.asarray(borne / borne.sum()), np.asarray(chance, np.float64)


def _spread(
    field: str, given: Mapping[str, float], shares: Shares, counts: Mapping[str, F64]
) -> F64:
    """Return the chance of each level; ``equal`` names are spread over the classes of commonness."""
    levels = FIELDS[field]
    out = np.array([given.get(level, 0.0) for level in levels])
    if field in ("first", "last"):
        borne, _ = _equal_bins(field, shares, counts)
        start = levels.index("equal_common")
        out[start : start + 4] = given["equal"] * borne
    out[0] = 1.0
    return np.asarray(np.maximum(out, _FLOOR))


def _strangers(
    field: str,
    n: int,
    seen: npt.NDArray[np.uint8],
    shares: Shares,
    counts: Mapping[str, F64],
    tree: Mapping[str, Any],
) -> F64:
    """Return the chance of each level for strangers: counted on random pairs, leaning on what is shipped."""
    levels = FIELDS[field]
    counted = np.bincount(seen, minlength=len(levels)).astype(float)
    counted[0] = 0
    lean = tree["strangers"].get(field, {})
    share, per_record = lean.get("share", {}), lean.get("per_record", {})
    prior = np.array([share.get(level, 0.0) for level in levels])
    strength = 20_000.0 if share else 50.0
    out = (counted + strength * prior + 0.2) / (counted.sum() + strength + 1)
    if field in ("first", "last"):
        _, chance = _equal_bins(field, shares, counts)
        start = levels.index("equal_common")
        out[start : start + 4] = chance
    for level, expected in per_record.items():
        out[levels.index(level)] = expected / max(n, SMALLEST)
    out[1] = max(1.0 - out[2:].sum(), 0.01)
    out[0] = 1.0
    return np.asarray(np.maximum(out, _FLOOR))


def log_chances(table: Mapping[str, F64], levels: Levels) -> F32:
    """Return the natural log of the chance of each pair's levels, fields taken as independent."""
    total: F32 | None = None
    for field, values in levels.items():
        part = np.log(table[field]).astype(np.float32)[values]
        total = part if total is None else total + part
    return total if total is not None else np.zeros(0, np.float32)


def weigh(model: Model, levels: Levels, *, inside: bool = False) -> F32:
    """Return log10 odds that each pair is one person.

    Args:
        model: The chances.
        levels: Levels of the pairs.
        inside: Whether the pairs were not found by a key but share a cluster by way of others: then
            being one person is as likely as not before looking.
    """
    n = max(model.n, SMALLEST)
    same, kin, other = model.same_per_record / n, model.relatives_per_record / n, 1.0
    if inside:
        same, kin, other = 1.0, 0.5, 0.5
    m = log_chances(model.same, levels) + np.float32(np.log(same))
    r = log_chances(model.relatives, levels) + np.float32(np.log(kin))
    u = log_chances(model.strangers, levels) + np.float32(np.log(other))
    odds = np.asarray((m - np.logaddexp(r, u)) / np.float32(np.log(10)), np.float32)
    if not inside:
        lone = kinds_agreeing(levels) < 2
        odds[lone] = np.minimum(odds[lone], _LONE)
    namesakes = _are_namesakes(levels)
    odds[namesakes] = np.minimum(odds[namesakes], _NAMESAKES)
    return odds


_NAMESAKES = -0.5
"""log10 odds of two of one name and one home whose birth dates have nothing in common."""


def _are_namesakes(levels: Levels) -> npt.NDArray[np.bool_]:
    """Say which pairs look like father and son (all but the birth date), or like two who use one SSN."""
    apart = (levels["born"] == 1) & (levels["first"] >= 4) & (levels["ssn"] < 2)
    apart |= (levels["born"] == 1) & (levels["last"] == 1)  # an SSN that two use
    for field, least in (("licence", 2), ("passport", 2), ("email", 3), ("device", 2)):
        apart &= levels[field] < least
    return np.asarray(apart)


_NAMES = ("first", "last")
_FIRST_AGREEING = {
    **dict.fromkeys(FIELDS, 2), "middle": 3, "born": 3, "place": 3, "suffix": 9,
}  # fmt: skip
"""Lowest level of each field that counts as an agreement; given and family name count once, a suffix not."""


def kinds_agreeing(levels: Levels) -> npt.NDArray[np.uint8]:
    """Return in how many kinds of things each pair agrees, a name, a birth date and a phone being three.

    Nobody is one person by a name alone, nor by one shared identifier alone.
    """
    names = (levels["first"] >= _FIRST_AGREEING["first"]) | (
        levels["last"] >= _FIRST_AGREEING["last"]
    )
    total = names.astype(np.uint8)
    for field, least in _FIRST_AGREEING.items():
        if field not in _NAMES:
            agree = levels[field] >= least
            total += agree & (levels[field] < 4) if field == "business" else agree
    return total


def refine(model: Model, patterns: Levels, times: F64) -> Model:
    """Return the model with ``same`` and its frequency refined on candidate pairs.

    Expectation maximisation with the shipped values as a prior.

    Args:
        model: The model so far.
        patterns: Distinct combinations of levels.
        times: How many candidate pairs show each.
    """
    strength = float(shipped()["prior"]["weight_pairs"])
    lean = {f: np.where(np.arange(len(v)) == 0, 0.0, v) for f, v in model.same.items()}
    for _ in range(_ROUNDS if len(times) else 0):
        odds = weigh(model, patterns).astype(np.float64)
        p = times / (1 + 10 ** np.clip(-odds, -30, 30))
        for field, values in patterns.items():
            seen = np.bincount(values, p, len(FIELDS[field]))
            seen[0] = 0
            new = (seen + strength * lean[field]) / (seen.sum() + strength * lean[field].sum())
            new[0] = 1.0
            model.same[field] = np.maximum(new, _FLOOR)
        found = 2 * float(p.sum())
        model.same_per_record = float(np.clip((found + 80) / (model.n + 100), 0.05, 8.0))
    return model


def pack_levels(levels: Levels) -> npt.NDArray[np.int64]:
    """Return the levels of all fields of each pair as one number."""
    packed = np.zeros(len(next(iter(levels.values()))), np.int64)
    for field, names in FIELDS.items():
        packed *= len(names)
        packed += levels[field]
    return packed


def unpack_levels(packed: npt.NDArray[np.int64]) -> Levels:
    """Return the levels that ``pack_levels`` made one number of."""
    out: Levels = {}
    for field in reversed(FIELDS):
        packed, level = np.divmod(packed, len(FIELDS[field]))
        out[field] = level.astype(np.uint8)
    return {f: out[f] for f in FIELDS}
