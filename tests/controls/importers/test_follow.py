"""The same finding once, with its latest state; closed only where a later scan looked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.controls.importers.samples import HOST, NESSUS, nmap, oscal, read, result, rows, sarif

LATER = "2026-09-01T00:00:00Z"


def _status(made: list[dict[str, object]]) -> dict[object, object]:
    return {r["rule"]: r["status"] for r in made}


def test_a_finding_in_two_files_is_one_with_the_latest_place(tmp_path: Path) -> None:
    made = rows(
        tmp_path,
        {"a.sarif": sarif([result(line=12)]), "b.sarif": sarif([result(line=40)], end=LATER)},
    )
    assert [(r["place"], r["exhibit_id"]) for r in made] == [("src/db.py:40", "E0002")]


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    one, two = sarif([result(line=12)]), sarif([result(line=40)], end=LATER)
    first = rows(tmp_path / "1", {"a.sarif": one, "b.sarif": two})
    second = rows(tmp_path / "2", {"a.sarif": two, "b.sarif": one})
    assert [r["scan_id"] for r in first] == [r["scan_id"] for r in second]
    assert [r["place"] for r in first] == [r["place"] for r in second]


def test_a_later_scan_of_the_same_files_closes_what_it_no_longer_shows(tmp_path: Path) -> None:
    after = sarif([], end=LATER, artifacts=[{"location": {"uri": "src/db.py"}}])
    made = rows(
        tmp_path, {"a.sarif": sarif([result(), result(uri="other.py", mark="b")]), "b.sarif": after}
    )
    assert {r["place"]: r["status"] for r in made} == {
        "src/db.py:12": "closed",
        "other.py:12": "open",
    }


def test_a_scan_that_failed_closes_nothing(tmp_path: Path) -> None:
    after = sarif(
        [],
        artifacts=[{"location": {"uri": "src/db.py"}}],
        invocations=[{"executionSuccessful": False, "endTimeUtc": LATER}],
    )
    assert [
        r["status"] for r in rows(tmp_path, {"a.sarif": sarif([result()]), "b.sarif": after})
    ] == ["open"]


def test_a_later_run_of_the_same_category_closes_even_deleted_files(tmp_path: Path) -> None:
    same = {"automationDetails": {"id": "api/nightly/1"}}
    after = {"automationDetails": {"id": "api/nightly/2"}}
    made = rows(
        tmp_path, {"a.sarif": sarif([result()], **same), "b.sarif": sarif([], end=LATER, **after)}
    )
    assert [r["status"] for r in made] == ["closed"]


def test_another_tool_closes_nothing(tmp_path: Path) -> None:
    after = sarif([], end=LATER, artifacts=[{"location": {"uri": "src/db.py"}}],
                  tool={"driver": {"name": "Other"}})  # fmt: skip
    assert [
        r["status"] for r in rows(tmp_path, {"a.sarif": sarif([result()]), "b.sarif": after})
    ] == ["open"]


def test_what_comes_back_is_open_again(tmp_path: Path) -> None:
    gone = sarif([], end="2026-08-15T00:00:00Z", artifacts=[{"location": {"uri": "src/db.py"}}])
    made = rows(
        tmp_path,
        {"a.sarif": sarif([result()]), "b.sarif": gone, "c.sarif": sarif([result()], end=LATER)},
    )
    assert [r["status"] for r in made] == ["open"]


GONE = '<host><status state="up"/><address addr="10.1.0.7" addrtype="ipv4"/><ports/></host>'
DOWN = '<host><status state="down"/><address addr="10.1.0.7" addrtype="ipv4"/></host>'


def test_nmap_closes_what_was_scanned_and_is_gone(tmp_path: Path) -> None:
    made = rows(tmp_path, {"a.xml": nmap(HOST), "b.xml": nmap(GONE, start=1788220800)})
    assert {r["status"] for r in made} == {"closed"}


def test_nmap_closes_nothing_on_a_host_that_was_down(tmp_path: Path) -> None:
    made = rows(tmp_path, {"a.xml": nmap(HOST), "b.xml": nmap(DOWN, start=1788220800)})
    assert {r["status"] for r in made} == {"open"}


def test_nmap_closes_only_ports_it_scanned(tmp_path: Path) -> None:
    made = rows(
        tmp_path, {"a.xml": nmap(HOST), "b.xml": nmap(GONE, start=1788220800, services="20-30")}
    )
    assert {r["place"].split()[-1]: r["status"] for r in made} == {
        "23/tcp": "closed",
        "443/tcp": "open",
    }


def test_nmap_without_scripts_closes_no_hole(tmp_path: Path) -> None:
    bare = HOST[: HOST.index("<script")] + "</port></ports></host>"
    made = _status(
        rows(
            tmp_path, {"a.xml": nmap(HOST), "b.xml": nmap(bare, start=1788220800, args="nmap -sV")}
        )
    )
    assert made["CVE-2021-41773"] == "open"
    assert made["open-port"] == "open"


def test_a_list_closes_only_on_hosts_it_names(tmp_path: Path) -> None:
    head = NESSUS.splitlines()[0]
    after = f"{head}\n10180,,,None,10.1.0.8,tcp,0,Ping the remote host,s,d,,,\n"
    made = rows(
        tmp_path,
        {"aug.csv": NESSUS, "sep.csv": after},
        {"aug.csv": date(2026, 8, 1), "sep.csv": date(2026, 9, 1)},
    )
    assert _status(made)["CVE-2021-44228"] == "closed"
    assert _status(made)["42263"] == "open"


def test_without_dates_nothing_is_closed(tmp_path: Path) -> None:
    head = NESSUS.splitlines()[0]
    after = f"{head}\n10180,,,None,10.1.0.8,tcp,0,Ping the remote host,s,d,,,\n"
    assert {r["status"] for r in rows(tmp_path, {"a.csv": NESSUS, "b.csv": after})} == {"open"}


def test_an_assessment_closes_only_controls_it_reviewed(tmp_path: Path) -> None:
    after = oscal(end=LATER, reviewed=("ac-7",), controls=())
    made = rows(tmp_path, {"a.json": oscal(), "b.json": after})
    states = {r["title"]: r["status"] for r in made}
    assert states == {
        "Finding on ac-7": "closed",
        "Finding on sc-28.1": "open",
        "Clear data": "open",
        "Lone risk": "closed",
    }


def test_ids_stay_from_reading_to_reading(tmp_path: Path) -> None:
    files = {"a.sarif": sarif([result()]), "n.csv": NESSUS, "w.xml": nmap(HOST)}
    assert read(tmp_path / "1", files).known.keys() == read(tmp_path / "2", files).known.keys()
