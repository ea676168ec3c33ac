"""The logs of the demonstration case: their labels, their truth, what makes a case different from another."""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from amends.demo import write_demo
from tests.demo.logs_reading import labelled_lines, labels_of, lines_of, logs, read, truth_of

SEEDS = (1, 2, 3, 4, 5, 6, 7)


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Small cases of several seeds."""
    folder = tmp_path_factory.mktemp("cases")
    for seed in SEEDS:
        write_demo(folder / str(seed), people=400, seed=seed, log_lines=20_000)
    return {seed: folder / str(seed) for seed in SEEDS}


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        whole.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()


def _steps(case: Path) -> dict[str, dict[str, Any]]:
    return {step["label"]: step for step in truth_of(case, "chain")["steps"]}


def test_the_same_seed_writes_the_same_logs(cases: dict[int, Path], tmp_path: Path) -> None:
    write_demo(tmp_path, people=400, seed=4, log_lines=20_000)
    for name in ("logs-1", "network-before", "network-after", "truth-1", "roster-1"):
        assert _digest(tmp_path / name) == _digest(cases[4] / name)


def test_seeds_differ_in_entry_path_products_and_times(cases: dict[int, Path]) -> None:
    chains = [truth_of(case, "chain") for case in cases.values()]
    assert {chain["entry"] for chain in chains} == {
        "router_brute",
        "router_leak",
        "vpn_no_mfa",
        "test_server",
    }
    assert len({tuple(chain["path"]) for chain in chains}) >= len(SEEDS) - 1
    assert len({len(chain["path"]) for chain in chains}) >= 3
    assert len({chain["first_access"] for chain in chains}) == len(SEEDS)
    for product in ("router", "firewall", "vpn", "flows", "postgres", "windows"):
        assert len({chain["flavours"][product] for chain in chains}) == 2, product


def test_every_label_points_at_a_line_that_is_there(cases: dict[int, Path]) -> None:
    for case in cases.values():
        lengths: dict[str, int] = {}
        torn = {f"logs-1/{name}" for name in truth_of(case, "clocks")["torn"]}
        for entry in labels_of(case):
            path = entry["path"]
            if path in torn:
                continue
            if path not in lengths:
                whole = case / path
                lengths[path] = (
                    whole.stat().st_size // 384 if path.endswith("tmp") else len(lines_of(whole))
                )
            assert 1 <= entry["line"] <= lengths[path], entry


def test_labelled_lines_speak_of_the_step_they_are_labelled_with(cases: dict[int, Path]) -> None:
    for case in cases.values():
        chain, shown = truth_of(case, "chain"), labelled_lines(case)
        ips = _ips(case)
        for label, step in _steps(case).items():
            words = {step["account"], step["source"], step["destination"], *chain["outside"]} - {""}
            words |= {"/var/tmp/.cache", "shred"} if step["phase"] == "defense_evasion" else set()
            words |= {ip for word in list(words) for ip in ips.get(word, ())}
            for path, lines in shown[label].items():
                if path.endswith("_history"):
                    continue
                assert any(word in line for line in lines for word in words), (label, path)


def _ips(case: Path) -> dict[str, tuple[str, ...]]:
    with (case / "roster-1" / "hosts.csv").open() as file:
        return {
            row["host"]: (row["ip"], *filter(None, [row["outside_ip"]]))
            for row in csv.DictReader(file)
        }


def test_every_step_left_a_line_unless_its_log_was_wiped(cases: dict[int, Path]) -> None:
    for case in cases.values():
        shown = labelled_lines(case)
        for label, step in _steps(case).items():
            assert step["n_lines"] > 0, label
            assert sum(map(len, shown[label].values())) > 0, label


def test_the_chain_is_in_order_and_begins_at_its_entry(cases: dict[int, Path]) -> None:
    for case in cases.values():
        chain = truth_of(case, "chain")
        steps = chain["steps"]
        times = [datetime.fromisoformat(step["at"]) for step in steps]
        assert times == sorted(times)
        access = _steps(case)["first-access"]
        assert (access["destination"], access["at"]) == (chain["entry_host"], chain["first_access"])
        assert chain["first_access"].startswith("2026-07-18")
        assert times[-1] < datetime.fromisoformat("2026-08-04T16:20:00Z")
        phases = {step["phase"] for step in steps}
        assert phases >= {"initial_access", "credential_access", "lateral_movement", "collection", "staging",
          "exfiltration",
                          "defense_evasion"}  # fmt: skip
        assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", step["technique"]) for step in steps)


def test_what_was_taken_is_what_the_stolen_exhibits_hold(cases: dict[int, Path]) -> None:
    for case in cases.values():
        taken = {(row["store"], row["table"]): row for row in truth_of(case, "taken")}
        for table, count in _dumped(case / "evidence-1" / "larkspur_crm.pg.sql").items():
            row = taken["crm-db", table]
            assert (row["read"], row["exfiltrated"]) == (count, count), table
        with gzip.open(
            case / "evidence-1" / "prepaid_subscribers.psv.gz", "rt", encoding="cp1252"
        ) as file:
            assert (
                taken["prepaid-billing", "prepaid_subscribers.psv.gz"]["read"]
                == sum(1 for _ in file) - 1
            )
        files = [path for path in (case / "evidence-1" / "hr-share").rglob("*") if path.is_file()]
        assert taken["hr-share", "hr-share"]["read"] == len(files)
        looked = taken["crm-db", "payments"]
        assert (looked["read"], looked["exfiltrated"]) == (10, 0)


def _dumped(path: Path) -> Counter[str]:
    """Count the rows of each COPY of a PostgreSQL dump."""
    rows: Counter[str] = Counter()
    table = ""
    for line in path.read_text("utf-8").split("\n"):
        begun = re.match(r"COPY public\.(\w+) ", line)
        if begun:
            table = begun[1]
        elif line == "\\.":
            table = ""
        elif table:
            rows[table] += 1
    return rows


def test_the_rows_of_the_audit_log_add_up_to_what_was_taken(cases: dict[int, Path]) -> None:
    counted_somewhere = False
    for case in cases.values():
        flavours = truth_of(case, "chain")["flavours"]
        taken = {
            row["table"]: row["read"]
            for row in truth_of(case, "taken")
            if row["store"] == "crm-db" and row["exfiltrated"]
        }
        lines = [
            line
            for part in labelled_lines(case)["read:crm-db"].items()
            if "postgresql" in part[0]
            for line in part[1]
        ]
        rows, seen = defaultdict(int), set()
        for line in lines:
            found = re.search(r"READ,SELECT,TABLE,public\.(\w+),.*?<not logged>(?:,(\d+))?", line)
            if found:
                seen.add(found[1])
                rows[found[1]] += int(found[2] or 0)
        assert seen == set(taken)
        if flavours["pg_rows"] == "on" and any(rows.values()):
            counted_somewhere = True
            assert {table: n for table, n in rows.items()} == taken
    assert counted_somewhere


def test_what_left_by_the_wire_is_about_what_was_packed(cases: dict[int, Path]) -> None:
    for case in cases.values():
        chain, shown = truth_of(case, "chain"), labelled_lines(case)
        for label in ("exfil-1", "exfil-2"):
            flows = [
                line
                for path, lines in shown[label].items()
                if "flows.csv" in path or "conn.log" in path
                for line in lines
            ]
            assert flows
            assert any(drop in line for drop in chain["drops"] for line in flows)


def test_decoys_of_every_kind_are_there(cases: dict[int, Path]) -> None:
    wanted = {"backup", "off-site", "config-archive", "update", "penetration-test", "scanner", "analyst-export",
              "maintenance", "traveller", "user-failure"}  # fmt: skip
    for case in cases.values():
        decoys = {label.split(":", 1)[1] for label in truth_of(case, "chain")["decoys"]}
        assert decoys >= wanted


def test_known_facts_name_the_rightful_actors(cases: dict[int, Path]) -> None:
    for case in cases.values():
        text = (case / "roster-1" / "known_facts.txt").read_text("utf-8")
        shown = labelled_lines(case)
        tester = next(
            line
            for lines in shown["decoy:penetration-test"].values()
            for line in lines
            if "Accepted" in line
        )
        ip = re.search(r"from (\S+) port", tester)
        assert ip is not None and ip[1] in text
        assert "198.51.100.200" in text
        assert not any(address in text for address in truth_of(case, "chain")["outside"])


def test_a_day_is_missing_where_the_truth_says_so(cases: dict[int, Path]) -> None:
    for case in cases.values():
        (missing,) = truth_of(case, "clocks")["missing"]
        assert datetime.fromisoformat(missing["to"]) > datetime.fromisoformat(missing["from"])
        host = missing["path"].split("/", 1)[0]
        assert logs(case, f"/{host}/")


def test_the_cleared_log_has_nothing_before_the_clearing(cases: dict[int, Path]) -> None:
    for case in cases.values():
        cleared = truth_of(case, "clocks")["cleared"]
        shown = labelled_lines(case)["clear-log"]
        assert cleared["host"] and any(f"/{cleared['host']}/" in path for path in shown)
        first = sorted(label for label in shown if f"/{cleared['host']}/" in label)
        windows = [path for path in first if "Security" in path or "winlogbeat" in path]
        for path in windows:
            events = [line for line in lines_of(case / path) if "1102" in line or "4624" in line]
            assert "1102" in events[0]


def test_forwarded_lines_stand_in_two_logs(cases: dict[int, Path]) -> None:
    for case in cases.values():
        clocks = truth_of(case, "clocks")
        collector = set(read(logs(case, clocks["collector"].split("/", 1)[0] + "/")))
        for name in clocks["duplicated"]:
            lines = (
                [line for line in lines_of(case / "logs-1" / name) if len(line) > 30]
                if (case / "logs-1" / name).exists()
                else []
            )
            assert all(line in collector for line in lines)


def test_hosts_have_zones_and_one_clock_runs_wrong(cases: dict[int, Path]) -> None:
    for case in cases.values():
        with (case / "roster-1" / "hosts.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [row for row in rows if not row["time_zone"]]
        hosts = truth_of(case, "clocks")["hosts"]
        drifting = [name for name, clock in hosts.items() if clock["drift_ms_a_day"]]
        assert len(drifting) == 1
        assert all(
            abs(clock["skew_ms"] + 43 * clock["drift_ms_a_day"]) < 600_000
            for clock in hosts.values()
        )
        assert len({clock["zone"] for clock in hosts.values()}) > 1


def test_logs_are_rotated_packed_and_torn(cases: dict[int, Path]) -> None:
    for case in cases.values():
        names = [path.name for path in logs(case, "")]
        assert any(name.endswith(".gz") for name in names) and any(
            re.search(r"\.1$|-2026\d{4}$", name) for name in names
        )
        for name in truth_of(case, "clocks")["torn"]:
            with pytest.raises(EOFError):
                gzip.decompress((case / "logs-1" / name).read_bytes())


def test_more_lines_are_written_when_more_are_asked_for(tmp_path: Path) -> None:
    few = write_demo(tmp_path / "few", people=50, seed=3, log_lines=40_000)
    many = write_demo(tmp_path / "many", people=50, seed=3, log_lines=120_000)
    assert 0.7 * 40_000 < few.log_lines < 1.3 * 40_000
    assert 0.7 * 120_000 < many.log_lines < 1.3 * 120_000
