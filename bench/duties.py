"""How long it takes to say what is owed, and whether the worked cases hold.

    python bench/duties.py [--people 1000000] [--groups 4000] [--json FILE]

Three figures: the worked cases (right of all); the evaluation of many groups that stand for 54
million people; the whole stage (grouping by SQL, evaluation, tables) on people made by a seed. No
package on PyPI answers the same question, so there is no peer beside it.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from common import ROOT

from amends.duties import STAGE, answer_json, evaluate, read_facts
from amends.duties.lawbook import shipped
from amends.duties.worked import differences, variant
from amends.kernel.case import Case
from amends.tables.duties import DUTIES, DUTY_GROUPS
from amends.tables.persons import PERSON_ELEMENTS, PERSONS

ELEMENTS = ["name", "birth_date", "ssn", "drivers_licence", "phone", "address", "email", "imei", "imsi",
            "account_pin", "bank_account", "card", "passport", "itin"]  # fmt: skip
SHARES = [1.0, 0.7, 0.6, 0.3, 0.8, 0.9, 0.5, 0.3, 0.3, 0.02, 0.02, 0.01, 0.01, 0.01]


def worked_cases() -> tuple[int, int]:
    """Return how many worked cases, variants included, are right, and how many there are."""
    cases = json.loads((ROOT / "tests" / "duties" / "examples.json").read_text("utf-8"))["examples"]
    wrong = [c["id"] for c in cases if differences(c["expect"], answer_json(c["facts"]))]
    variants = [variant(c) for c in cases if "variant" in c["expect"]]
    wrong += ["variant" for facts, expect in variants if differences(expect, answer_json(facts))]
    total = len(cases) + len(variants)
    return total - len(wrong), total


def group_facts(n: int, people: int, seed: int) -> dict[str, object]:
    """Return facts of a carrier with ``n`` random groups that hold ``people`` people."""
    rng = np.random.default_rng(seed)
    places = [*sorted(shipped().states), None]
    shares = rng.dirichlet(np.ones(n))
    groups = []
    for i in range(n):
        exposed = [e for e, share in zip(ELEMENTS, SHARES, strict=True) if rng.random() < share]
        groups.append({
            "group": f"g{i}", "residence": places[int(rng.integers(len(places)))], "count": int(shares[i] * people),
            "elements": exposed, "secured": [e for e in exposed if rng.random() < 0.1],
            "key_taken": bool(rng.random() < 0.3),
        })  # fmt: skip
    return {
        "entity": {
            "roles": ["BUSINESS", "TELECOM_CARRIER", "SEC_REGISTRANT"],
            "source_of_breach": True,
        },
        "events": {"discovery": "2026-08-17", "determination": "2026-08-17"},
        "breach": {
            "access": True,
            "acquisition": True,
            "harm_likely": True,
            "id_theft_sufficient": None,
        },
        "groups": groups,
    }


def make_case(folder: Path, people: int, seed: int) -> Case:
    """Write a case whose persons and exposed elements were drawn by a seed."""
    rng = np.random.default_rng(seed)
    case = Case.create(
        folder, {("case", "roles"): ["BUSINESS", "TELECOM_CARRIER"], ("engine", "threads"): 2}
    )
    case.add_event("discovery", "2026-08-17")
    places = np.array([*sorted(shipped().states), None], dtype=object)
    ids = np.char.add("P", np.char.zfill(np.arange(people).astype(str), 12))
    blank = {c.name: pa.nulls(people, c.arrow) for c in PERSONS.columns}
    owners = pa.array([["Larkspur"]] * people, pa.list_(pa.string()))
    residence = pa.array(places[rng.integers(len(places), size=people)], pa.string())
    status = pa.array(
        np.array(["adult", "minor", "deceased"])[rng.choice(3, people, p=[0.97, 0.02, 0.01])]
    )
    own = {"person_id": ids, "residence": residence, "status": status, "owners": owners}
    case.write(PERSONS, pa.table({**blank, **own}))

    def parts():
        for code, share in zip(ELEMENTS, SHARES, strict=True):
            chosen = ids[rng.random(people) < share]
            n = len(chosen)
            yield pa.table({
                "person_id": chosen, "element": pa.array([code]).take(pa.array(np.zeros(n, np.int64))),
                "possible": rng.random(n) < 0.002, "secured": np.zeros(n, bool), "accessed": np.ones(n, bool),
                "acquired": np.ones(n, bool), "n_records": np.ones(n, np.int64),
                "first_record_id": np.arange(n),
            })  # fmt: skip

    case.write(PERSON_ELEMENTS, parts())
    return case


def main() -> None:
    """Print the figures as a table, and as JSON where asked."""
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    words.add_argument("--people", type=int, default=1_000_000)
    words.add_argument("--groups", type=int, default=4000)
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--json", type=Path)
    asked = words.parse_args()
    right, total = worked_cases()
    found: dict[str, object] = {"worked_cases_right": right, "worked_cases": total}
    facts = group_facts(asked.groups, 54_000_000, asked.seed)
    started, cpu = time.monotonic(), time.process_time()
    answer = evaluate(read_facts(facts))
    found |= {"groups": asked.groups, "evaluate_seconds": round(time.monotonic() - started, 2),
              "evaluate_cpu_seconds": round(time.process_time() - cpu, 2),
              "regulators": len(answer.regulators)}  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        make_case(Path(folder) / "case", asked.people, asked.seed) as case,
    ):
        started, cpu = time.monotonic(), time.process_time()
        STAGE.run(case)
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        count = case.engine.arrow(
            f"SELECT COUNT(*) AS n FROM {case.read(DUTY_GROUPS)}"
        ).to_pylist()[0]["n"]
        owed = case.engine.arrow(f"SELECT COUNT(*) AS n FROM {case.read(DUTIES)}").to_pylist()[0][
            "n"
        ]
    found |= {
        "people": asked.people, "stage_seconds": round(seconds, 2),
        "stage_cpu_seconds": round(cpu, 2), "people_per_second": int(asked.people / seconds),
        "stage_groups": count, "stage_duties": owed,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    for name, value in found.items():
        print(f"{name:<20} {value:,}" if isinstance(value, int | float) else f"{name:<20} {value}")
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
