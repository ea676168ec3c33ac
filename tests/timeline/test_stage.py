"""The stage on a small case of real log lines: tables whole, ids stable, nothing lost when it is killed."""

# ruff: noqa: E501  (log lines as they are)

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amends import custody
from amends.elements import stage as elements
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.timeline import EVENTS, GAPS, HOPS, INDICATORS, LOG_FILES, STATEMENTS, TABLES
from amends.timeline import stage
from amends.timeline.spans import spans

BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
ATTACKER = "203.0.113.77"


def line(at: datetime, host: str, words: str) -> str:
    return f"{at:%b} {at.day:2d} {at:%H:%M:%S} {host} {words}\n"


def write_logs(folder: Path) -> None:
    jump, db = [], []
    for day in range(10):
        at = BEGIN + timedelta(days=day, hours=9)
        for i, who in enumerate(("alice", "bob")):
            t = at + timedelta(minutes=7 * i)
            jump.append(
                (
                    t,
                    f"sshd[{100 + i}]: Accepted publickey for {who} from 10.0.5.2{i} port {40000 + day} ssh2",
                )
            )
            db.append(
                (
                    t + timedelta(minutes=2),
                    f"sshd[{300 + i}]: Accepted publickey for {who} from 10.0.1.5 port {41000 + day} ssh2",
                )
            )
    night = BEGIN + timedelta(days=8, hours=2)
    for i in range(30):
        jump.append(
            (
                night + timedelta(seconds=i),
                f"sshd[{900 + i}]: Failed password for svc from {ATTACKER} port {50000 + i} ssh2",
            )
        )
    jump.append(
        (
            night + timedelta(minutes=2),
            f"sshd[990]: Accepted password for svc from {ATTACKER} port 50990 ssh2",
        )
    )
    db.append(
        (
            night + timedelta(minutes=9),
            "sshd[991]: Accepted password for svc from 10.0.1.5 port 42000 ssh2",
        )
    )
    for minutes, command in (
        (12, "/usr/bin/pg_dump -f /tmp/.c crm"),
        (20, "/bin/tar czf /tmp/.c.tgz /tmp/.c"),
        (40, "/bin/rm /var/log/wtmp"),
    ):
        db.append(
            (
                night + timedelta(minutes=minutes),
                f"sudo:      svc : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND={command}",
            )
        )
    for host, rows in (("jump1", jump), ("db1", db)):
        path = folder / "logs" / host / "var" / "log"
        path.mkdir(parents=True)
        (path / "auth.log").write_text("".join(line(t, host, w) for t, w in sorted(rows)))
    (folder / "hosts.csv").write_text(
        "host,ip,outside_ip,time_zone,role\njump1,10.0.1.5,192.0.2.9,UTC,jump host\ndb1,10.0.2.5,,UTC,database\nold1,10.0.2.9,,UTC,web\n"
    )


def open_case(folder: Path, *, with_logs: bool = True) -> Case:
    write_logs(folder)
    Case.create(folder / "case", {("case", "entity"): "Larkspur"})
    case = Case(folder / "case", contents=custody.Reader())
    if with_logs:
        custody.take_in(case, [folder / "logs"], custody.Tags(role="log", as_of="2026-08-20"))
    custody.take_in(case, [folder / "hosts.csv"], custody.Tags(role="roster"))
    custody.STAGE.run(case)
    elements.run(case)
    return case


def rows(case: Case, table: Table) -> list[dict[str, object]]:
    found: list[dict[str, object]] = case.engine.arrow(
        f"SELECT * FROM {case.read(table)}"
    ).to_pylist()
    return found


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with open_case(tmp_path_factory.mktemp("timeline")) as opened:
        stage.run(opened)
        yield opened


def chain(case: Case) -> list[dict[str, object]]:
    return sorted(
        (h for h in rows(case, HOPS) if h["status"] == "chain"), key=lambda h: int(str(h["step"]))
    )


def test_lines_are_events_and_rejects(case: Case) -> None:
    files = rows(case, LOG_FILES)
    assert sum(int(str(f["n_lines"])) for f in files) == sum(
        int(str(f["n_events"])) + int(str(f["n_rejects"])) for f in files
    )
    assert len(rows(case, EVENTS)) == sum(int(str(f["n_events"])) for f in files)
    assert {f["host"] for f in files} == {"jump1", "db1"}


def test_the_chain_goes_from_the_internet_to_the_wiped_log(case: Case) -> None:
    steps = chain(case)
    assert [h["step"] for h in steps] == list(range(1, len(steps) + 1))
    phases = [h["phase"] for h in steps]
    for phase in ("initial_access", "lateral_movement", "collection", "staging", "defense_evasion"):
        assert phase in phases
    entry = steps[phases.index("initial_access")]
    assert (entry["source"], entry["destination"], entry["account"]) == (ATTACKER, "jump1", "svc")
    assert all(str(h["why"]).endswith(".") for h in steps)
    assert not {"alice", "bob"} & {str(h["account"]) for h in steps}


def test_dwell_time_runs_from_the_first_access(case: Case) -> None:
    found = spans(case)
    assert found.first_access_at == BEGIN + timedelta(days=8, hours=2, minutes=2)
    assert found.entry == (ATTACKER, "jump1", "svc")
    assert found.dwell_seconds is not None
    assert 35 * 60 < found.dwell_seconds < 60 * 60


def test_indicators_name_the_attacker_and_never_our_hosts(case: Case) -> None:
    found = {(i["kind"], i["value"]): i for i in rows(case, INDICATORS)}
    assert found["ip", ATTACKER]["role"] == "attacker"
    assert found["account", "svc"]["role"] == "abused"
    assert not any(str(v).startswith(("10.", "192.0.2.9")) for k, v in found if k == "ip")


def test_a_host_without_a_log_is_a_gap_that_says_what_it_costs(case: Case) -> None:
    gap = next(g for g in rows(case, GAPS) if g["host"] == "old1")
    assert gap["reason"] == "no_log"
    assert "cannot be said" in str(gap["effect"])


def test_the_story_is_told(case: Case) -> None:
    assert rows(case, STATEMENTS)


def test_a_second_run_gives_the_same_ids_and_obeys_decisions(tmp_path: Path) -> None:
    with open_case(tmp_path) as opened:
        stage.run(opened)
        first = {h["hop_id"] for h in chain(opened)}
        before = stage.STAGE.also(opened)
        stage.run(opened)
        assert {h["hop_id"] for h in chain(opened)} == first
        opened.decide("not_attacker", {"what": ATTACKER}, "not_attacker")
        assert stage.STAGE.also(opened) != before
        stage.run(opened)
        assert ATTACKER not in {h["source"] for h in chain(opened)}


def test_without_logs_the_tables_are_there_and_empty(tmp_path: Path) -> None:
    with open_case(tmp_path, with_logs=False) as opened:
        stage.run(opened)
        assert [len(rows(opened, t)) for t in TABLES] == [0] * len(TABLES)


def test_killed_in_the_middle_the_case_keeps_its_tables_and_no_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_case(tmp_path) as opened:
        stage.run(opened)
        held = len(rows(opened, EVENTS))

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(stage.skew, "estimate", die)
        with pytest.raises(KeyboardInterrupt):
            stage.run(opened)
        assert len(rows(opened, EVENTS)) == held
        assert not list(opened.folder.glob(".spill-timeline-*"))
