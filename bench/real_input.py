"""The main job on data nobody here wrote.

    python bench/real_input.py [--json] [--only people|csv|text]

people: pseudopeople's default set, its five sources as five exhibits, the truth dropped and used only to score.
csv: forty-eight real, messy CSV files.   text: fifteen hundred labelled texts, each a document.
Prints persons, pairwise precision, recall and F1, exceptions, seconds and peak memory.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from common import amends, measured, pair_scores, public_data, show


def _run(case: Path, paths: list[Path]) -> dict[str, object]:
    measured(amends("new", case, "--entity", "Acme", "--discovered-on", "2026-08-17"))
    taken = measured(amends("add", case, *paths, "--owner", "Acme"))
    cost = measured(amends("run", case, "--json"))
    answer = json.loads(cost.output)
    funnel = answer["funnel"]
    return {
        "items": funnel["items_found"],
        "read": funnel["items_read"],
        "exceptions": funnel["exceptions"],
        "records": funnel["records"],
        "persons": funnel["persons"],
        "owed": funnel["owed"],
        "seconds": round(taken.seconds + cost.seconds, 2),
        "peak_mib": cost.peak_mib,
    }


def people(folder: Path) -> dict[str, object]:
    """Return the row for pseudopeople."""
    whole = pq.read_table(public_data() / "people" / "pseudopeople_default.parquet")
    paths, truth = [], {}
    for source in sorted(set(whole.column("source").to_pylist())):
        part = whole.filter(pc.equal(whole.column("source"), source))
        truth[f"{source}.csv"] = part.column("true_id").to_pylist()
        path = folder / f"{source}.csv"
        pacsv.write_csv(part.drop_columns(["true_id", "source", "record_id"]), path)
        paths.append(path)
    row = _run(folder / "case", paths)
    answer = folder / "memberships.parquet"
    measured(amends("export", folder / "case", "memberships", "--to", answer))
    found = pq.read_table(answer).to_pylist()
    true = [truth[Path(r["exhibit_path"]).name][r["locator"] - 1] for r in found]
    scores = pair_scores(true, [r["person_id"] for r in found])
    missing = sum(map(len, truth.values())) - len(found)
    return {"input": "pseudopeople, 5 exhibits", **row, **scores, "records_without_person": missing}


def messy_csv(folder: Path) -> dict[str, object]:
    """Return the row for the messy CSV files."""
    return {
        "input": "48 messy CSV files",
        **_run(folder / "case", [public_data() / "polluted-csv" / "csv"]),
    }


def text(folder: Path) -> dict[str, object]:
    """Return the row for the labelled texts."""
    source = json.loads(
        (public_data() / "pii-text" / "data" / "synth_dataset_v2.json").read_text("utf-8")
    )
    home = folder / "texts"
    home.mkdir()
    for number, one in enumerate(source):
        (home / f"{number:04d}.txt").write_text(one["full_text"], "utf-8")
    return {"input": "1,500 labelled texts", **_run(folder / "case", [home])}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=["people", "csv", "text"])
    arguments = parser.parse_args()
    rows = []
    for name, job in (("people", people), ("csv", messy_csv), ("text", text)):
        if arguments.only in (None, name):
            folder = Path(tempfile.mkdtemp())
            rows.append(job(folder))
            shutil.rmtree(folder)
    show("The main job on data nobody here wrote", rows, arguments.json)


if __name__ == "__main__":
    main()
