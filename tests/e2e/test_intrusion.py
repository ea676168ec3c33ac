"""How they got in, what they took, which ways are open: the demo's own logs and network, run as a user runs them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from tests.e2e.face import Demo, amends

Row = dict[str, object]


def export(case: Path, name: str, to: Path) -> list[Row]:
    path = to / f"{name}.parquet"
    amends("export", case, name, "--to", path)
    return list(pq.read_table(path).to_pylist())


@pytest.fixture(scope="module")
def told(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    to = tmp_path_factory.mktemp("told")
    return {
        n: export(demo.case, n, to)
        for n in ("chain", "taken", "log_files", "person-elements", "hops", "events")
    }


@pytest.fixture(scope="module")
def labels(demo: Demo, told: dict[str, list[Row]]) -> dict[int, str]:
    """Return the true label of each event; noise has none."""
    text = (demo.truth / "log_labels.jsonl").read_text().splitlines()
    truth = {(r["path"], r["line"]): r["label"] for r in map(json.loads, text)}
    files = {}
    for log in told["log_files"]:
        files[log["log_id"]] = str(log["path"]).split("logs-1/", 1)[-1]
    out = {}
    for event in told["events"]:
        path = files[event["log_id"]]
        for name in (path, f"logs-1/{path}"):
            if (name, event["line"]) in truth:
                out[int(str(event["event_id"]))] = truth[name, event["line"]]
    return out


def test_every_line_of_every_log_is_an_event_or_a_reject(told: dict[str, list[Row]]) -> None:
    logs = told["log_files"]
    assert len(logs) > 50
    assert all(r["n_lines"] == r["n_events"] + r["n_rejects"] for r in logs)  # type: ignore[operator]
    assert sum(int(str(r["n_events"])) for r in logs) == len(told["events"])
    lost = sum(int(str(r["n_rejects"])) for r in logs)
    assert lost < len(told["events"]) / 100


def test_the_chain_begins_where_they_came_in(demo: Demo, told: dict[str, list[Row]]) -> None:
    truth = json.loads((demo.truth / "chain.json").read_text())
    entry = next(s for s in truth["steps"] if s["phase"] == "initial_access")
    found = next(r for r in told["chain"] if r["phase"] == "initial_access")
    assert (found["source"], found["destination"], found["account"]) == (
        entry["source"], entry["destination"], entry["account"],
    )  # fmt: skip
    assert [r["step"] for r in told["chain"]] == list(range(1, len(told["chain"]) + 1))


def test_most_steps_are_found_and_nobody_else_is_accused(
    demo: Demo, told: dict[str, list[Row]], labels: dict[int, str]
) -> None:
    truth = json.loads((demo.truth / "chain.json").read_text())
    wanted = {s["label"] for s in truth["steps"] if s["n_lines"] and s["phase"] != "reconnaissance"}
    seen: set[str] = set()
    accused = []
    for step in told["chain"]:
        mine = [labels.get(int(e), "") for e in step["event_ids"]]  # type: ignore[union-attr]
        seen.update(mine)
        true = sum(bool(m) and not m.startswith("decoy") for m in mine)
        if true * 2 < len(mine):
            accused.append((step["step"], step["destination"], mine[:3]))
    assert len(accused) <= 0.02 * len(told["chain"]), accused
    assert len(wanted & seen) >= 0.7 * len(wanted), sorted(wanted - seen)


def test_what_was_taken_lies_within_the_bounds(demo: Demo, told: dict[str, list[Row]]) -> None:
    truth = json.loads((demo.truth / "taken.json").read_text())
    true = {(r["store"], r["table"]): r for r in truth}
    checked = 0
    for row in told["taken"]:
        real = true.get((row["store"], row["table"]))
        if real is None:
            continue
        checked += 1
        count = real["exfiltrated"]
        assert row["lower"] <= max(count, real["read"]), row  # type: ignore[operator]
        assert row["upper"] is None or row["upper"] >= count, row  # type: ignore[operator]
        if count:
            assert row["acquired"], row
        if real["read"]:
            assert row["accessed"], row
    assert checked > 10


def test_what_the_logs_say_of_a_store_reaches_the_people(
    demo: Demo, told: dict[str, list[Row]], tmp_path: Path
) -> None:
    # Whatever is not excluded for any store is told; nothing is excluded by default for the demo's stores.
    excluded = {(r["store"], r["element"]) for r in told["taken"] if not r["acquired"]}
    elements = told["person-elements"]
    assert elements
    if not excluded:
        assert all(r["acquired"] and r["accessed"] for r in elements)
    else:
        assert {r["element"] for r in elements if not r["acquired"]} <= {e for _, e in excluded}


def test_ways_that_are_open_are_those_of_the_truth(demo: Demo) -> None:
    truth = json.loads((demo.truth / "paths.json").read_text())
    found = json.loads(amends("paths", demo.case, "--json"))
    assert sorted({p["store"] for p in found["paths"]}) == sorted(truth["after"]["open"])
    assert found["open"] == bool(truth["after"]["open"])
    by_day = {d["on"]: sorted(d["open_stores"]) for d in found["dates"]}
    assert by_day[truth["before"]["on"]] == sorted(truth["before"]["open"])
    assert {f["state"] for f in found["facts"]} <= {"open", "claimed", "verified", "reopened"}


def test_the_report_tells_the_story_with_its_pictures(demo: Demo) -> None:
    page = (demo.case / "out" / "report.html").read_text("utf-8")
    for wanted in (
        "How they got in and what they took",
        "Which ways are still open",
        "<svg",
        "What was taken",
    ):
        assert wanted in page, wanted
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org/", "")


@pytest.fixture(scope="module")
def decided(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    import shutil

    case = tmp_path_factory.mktemp("decided") / "case"
    shutil.copytree(demo.case, case, symlinks=True)
    yield case


def test_a_decision_about_the_intruder_survives_a_run(decided: Path, tmp_path: Path) -> None:
    before = export(decided, "chain", tmp_path)
    entry = before[0]
    amends("decide", decided, "not_attacker", str(entry["source"]), "--note", "our own scanner")
    amends("run", decided)
    after = export(decided, "chain", tmp_path)
    assert not [
        r for r in after if r["source"] == entry["source"] and r["phase"] == "initial_access"
    ]
    amends("decide", decided, "attacker", str(entry["source"]), "--note", "no, it was not")
    amends("run", decided)
    again = export(decided, "chain", tmp_path)
    assert again[0]["source"] == entry["source"]
    kept = {r["hop_id"] for r in before} & {r["hop_id"] for r in again}
    assert len(kept) > 0.8 * len(before)


def test_a_package_holds_nothing_personal_that_was_not_chosen(
    demo: Demo, told: dict[str, list[Row]], tmp_path: Path
) -> None:
    plain, chosen = tmp_path / "police.zip", tmp_path / "counsel.zip"
    amends("package", "make", demo.case, "--for", "law-enforcement", "--to", plain)
    amends(
        "package",
        "make",
        demo.case,
        "--for",
        "regulator",
        "--to",
        chosen,
        "--privileged",
        "--with",
        "accounts",
    )
    for path in (plain, chosen):
        assert json.loads(amends("package", "check", path, "--json"))["sound"]
    accounts = {str(r["account"]) for r in told["chain"] if r["account"]}
    people = pq.read_table(
        demo.case / "tables" / "persons", columns=["name_last", "email", "phone"]
    ).to_pylist()
    contacts = {str(p[k]) for p in people[:400] for k in ("email", "phone") if p[k]}
    with zipfile.ZipFile(plain) as opened:
        files = {n: opened.read(n) for n in opened.namelist()}
    chain = pacsv.read_csv(io.BytesIO(files["timeline/chain.csv"])).to_pylist()
    assert len(chain) == len(told["chain"])
    named = {a for a in accounts if a not in ("root", "admin", "postgres")}
    assert not {str(r["account"]) for r in chain} & named
    assert not any(n.startswith(("privileged/", "people/", "paths/")) for n in files)
    for name, payload in files.items():
        text = payload.decode("utf-8", "replace")
        assert not [c for c in contacts if c in text], name
    with zipfile.ZipFile(chosen) as opened:
        names = set(opened.namelist())
        assert {"privileged/steps.csv", "facts/filings.json", "paths/paths.json"} <= names
        assert b"PRIVILEGED" in opened.read("README.txt").splitlines()[0]
        whole = opened.read("timeline/chain.csv").decode()
    assert any(a in whole for a in named)


def test_exports_of_the_story_are_the_same_bytes_twice(demo: Demo, tmp_path: Path) -> None:
    for name, ending in (
        ("stix", "json"),
        ("swimlane", "svg"),
        ("story", "html"),
        ("story", "pdf"),
    ):
        one, two = tmp_path / f"1.{ending}", tmp_path / f"2.{ending}"
        amends("export", demo.case, name, "--to", one)
        amends("export", demo.case, name, "--to", two)
        assert one.read_bytes() == two.read_bytes(), name
        assert one.stat().st_size > 1000
