"""The timeline's measures: right, near miss, empty, hostile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from amends.controls.measures import intrusion, logs, signins
from amends.controls.measures.base import Finding, Ground
from amends.tables.paths import FACTS
from amends.tables.timeline import DETECTIONS, EVENTS, GAPS, HOPS, LOG_FILES, TAKEN
from tests.controls.world import AT, event, fact, ground, hop, log

FOUND = {"discovery": "2026-08-17", "containment": "2026-08-04T16:20:00+00:00"}


def of(kind: str, here: Ground) -> Finding:
    found = {f.kind: f for family in (intrusion, signins, logs) for f in family.findings(here)}
    return found[kind]


def detection(*events: int, level: str = "high") -> dict[str, object]:
    return {"detection_id": f"D{events[0]}", "rule_id": "r", "title": "t", "level": level, "technique": "T1110",
            "tags": [], "kind": "event", "event_ids": list(events), "n_events": len(events), "at": AT}  # fmt: skip


def test_without_logs_nothing_of_the_intrusion_is_measured(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {}, FOUND)
    for family in (intrusion, signins, logs):
        for found in family.findings(here):
            assert (found.measured.value, found.fails) == (None, False)
            assert found.measured.why_not


def test_time_to_detect_and_dwell_run_from_the_first_access(tmp_path: Path) -> None:
    steps = [
        hop(1, "198.51.100.9", "edge1", phase="reconnaissance"),
        hop(2, "198.51.100.9", "edge1", phase="initial_access"),
    ]
    here = ground(tmp_path / "case", {HOPS: steps, LOG_FILES: [log()]}, FOUND)
    detect, dwell = of("late_detection", here), of("long_dwell", here)
    assert detect.measured.value == pytest.approx(29.62, abs=0.01)
    assert dwell.measured.value == pytest.approx(17.3, abs=0.01)
    assert detect.fails
    assert dwell.fails


def test_without_a_day_of_discovery_detection_is_not_measured(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {HOPS: [hop(1, "a", "b")], LOG_FILES: [log()]})
    assert "discovery" in of("late_detection", here).measured.why_not
    assert of("long_dwell", here).measured.value == 0.0, (
        "to the last step, while no containment is known"
    )


def test_a_step_is_seen_when_a_rule_fires_on_one_of_its_events(tmp_path: Path) -> None:
    steps = [
        hop(1, "x", "edge1", technique="T1110.001"),
        hop(2, "edge1", "jump1"),
        hop(3, "jump1", "db1"),
        hop(4, "a", "b", status="excluded"),
    ]
    here = ground(
        tmp_path / "case",
        {
            HOPS: steps,
            LOG_FILES: [log()],
            DETECTIONS: [detection(1, 9), detection(3, level="informational")],
        },
    )
    found = of("unseen_steps", here)
    assert found.measured.value == pytest.approx(1 / 3, abs=1e-3), "what only informs wakes nobody"
    assert found.places == ("db1", "jump1")
    assert of("unseen_techniques", here).measured.value == 0.5


def guesses(n: int, **more: object) -> list[dict[str, object]]:
    first = int(str(more.pop("first", 1)))
    return [event(first + k, at=AT + timedelta(seconds=k), **more) for k in range(n)]


def test_ten_failures_in_an_hour_without_a_lockout_are_guessing(tmp_path: Path) -> None:
    steps = [hop(1, "198.51.100.9", "edge1", technique="T1110.001")]
    here = ground(tmp_path / "case", {EVENTS: guesses(10), LOG_FILES: [log()], HOPS: steps})
    found = of("guessing", here)
    assert (found.measured.value, found.places, found.on_path) == (1.0, ("edge1",), True)
    assert "10 attempts" in found.why


@pytest.mark.parametrize(
    "rows",
    [
        guesses(9),
        [*guesses(10), event(99, at=AT + timedelta(minutes=5), action="lockout")],
        [*guesses(10), event(99, at=AT + timedelta(minutes=5), action="lockout", account="")],
        [dict(e, outcome="success") for e in guesses(30)],
        [dict(e, duplicate_of=1) for e in guesses(30)] + [event(500)],
        [dict(e, at=None) for e in guesses(30)] + [event(500)],
        [event(k, account=f"u{k}") for k in range(30)],
    ],
    ids=["nine", "locked", "host locked", "right ones", "copies", "no time", "one a name"],
)
def test_near_misses_are_no_guessing(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    found = of("guessing", ground(tmp_path / "case", {EVENTS: rows, LOG_FILES: [log()]}))
    assert (found.measured.value, found.fails) == (0.0, False)


def test_a_lockout_of_another_account_stops_nothing(tmp_path: Path) -> None:
    rows = [*guesses(10), event(99, action="lockout", account="other")]
    assert of("guessing", ground(tmp_path / "case", {EVENTS: rows, LOG_FILES: [log()]})).fails


def sign_in(number: int, **more: object) -> dict[str, object]:
    return event(number, outcome="success", **more)


def test_sign_ins_from_outside_without_a_second_factor_are_counted_where_it_can_be_known(
    tmp_path: Path,
) -> None:
    rows = [
        sign_in(1, host="vpn1", account="ann"),
        sign_in(2, host="vpn1", account="ann", action="multifactor", at=AT + timedelta(seconds=20)),
        sign_in(3, host="vpn1", account="bob", at=AT + timedelta(hours=2)),
        sign_in(4, host="vpn1", account="cat", src_ip="10.1.2.3"),
        sign_in(5, host="silent1", account="dan"),
        sign_in(6, host="edge1", account="eve", src_ip="2001:db8::1"),
    ]
    weak = [fact(1, "weak_auth", "service:EDGE1:22/tcp")]
    here = ground(tmp_path / "case", {EVENTS: rows, LOG_FILES: [log()], FACTS: weak})
    found = of("single_factor", here)
    assert found.measured.value == pytest.approx(2 / 3, abs=1e-3)
    assert found.places == ("edge1", "vpn1")
    assert "Of 1 more nothing says" in found.why


def test_where_no_log_speaks_of_second_factors_nothing_is_measured(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {EVENTS: [sign_in(1)], LOG_FILES: [log()]})
    assert of("single_factor", here).measured.value is None


@pytest.mark.parametrize(
    "ip",
    ["10.0.0.1", "172.16.0.9", "192.168.1.1", "100.64.0.1", "127.0.0.1", "fd00::1", "fe80::1", ""],
)
def test_inside_addresses_are_not_outside(tmp_path: Path, ip: str) -> None:
    rows = [sign_in(1, src_ip=ip), sign_in(2, action="multifactor")]
    assert (
        of(
            "single_factor", ground(tmp_path / "case", {EVENTS: rows, LOG_FILES: [log()]})
        ).measured.value
        is None
    )


def test_test_machines_on_the_way_are_named(tmp_path: Path) -> None:
    zones = [
        fact(1, "in_zone", "asset:tst1", "zone:test"),
        fact(2, "in_zone", "asset:db1", "zone:prod"),
    ]
    steps = [hop(1, "x", "TST1"), hop(2, "tst1", "db1"), hop(3, "db1", "nas1")]
    here = ground(tmp_path / "case", {HOPS: steps, LOG_FILES: [log()], FACTS: zones})
    found = of("test_on_way", here)
    assert (found.measured.value, found.places) == (2.0, ("TST1", "tst1"))


def test_gaps_count_by_their_reason_and_only_where_they_matter(tmp_path: Path) -> None:
    def gap(n: int, reason: str, *, matters: bool) -> dict[str, object]:
        return {"gap_id": f"Q{n}", "host": f"h{n}", "log": "auth", "reason": reason, "effect": "e", "matters": matters,
                "event_ids": []}  # fmt: skip

    rows = [
        gap(1, "missing_span", matters=True), gap(2, "missing_span", matters=False), gap(3, "no_log", matters=False),
        gap(4, "cleared", matters=True), gap(5, "stopped", matters=True),
    ]  # fmt: skip
    here = ground(tmp_path / "case", {GAPS: rows, LOG_FILES: [log()]})
    assert [of(k, here).measured.value for k in ("log_gaps", "no_log", "logs_cleared")] == [
        1.0,
        1.0,
        2.0,
    ]
    none = ground(tmp_path / "none", {LOG_FILES: [log()]})
    assert [of(k, none).fails for k in ("log_gaps", "no_log", "logs_cleared")] == [False] * 3
    assert [of(k, none).measured.value for k in ("log_gaps", "no_log", "logs_cleared")] == [0.0] * 3


def test_clocks_are_measured_only_where_they_could_be_compared(tmp_path: Path) -> None:
    alone = ground(tmp_path / "alone", {LOG_FILES: [log(skew_ms=0)]})
    assert of("clocks", alone).measured.value is None
    rows = [
        log(skew_ms=500, skew_error_ms=10),
        log(log_id="G2", host="nas1", skew_ms=-90_000, skew_error_ms=10),
    ]
    found = of("clocks", ground(tmp_path / "two", {LOG_FILES: rows}))
    assert (found.measured.value, found.places, found.fails) == (90.0, ("nas1",), True)


def test_bulk_reads_count_what_is_proved(tmp_path: Path) -> None:
    def took(store: str, element: str, proof: str) -> dict[str, object]:
        return {"store": store, "table": "t", "element": element, "unit": "rows", "accessed_proof": proof,
                "acquired_proof": proof, "event_ids": []}  # fmt: skip

    rows = [
        took("crm", "ssn", "proved"),
        took("crm", "name", "proved"),
        took("lake", "imei", "not_excluded"),
    ]
    found = of("bulk_reads", ground(tmp_path / "case", {TAKEN: rows, LOG_FILES: [log()]}))
    assert (found.measured.value, found.places) == (1.0, ("crm",))


def test_hostile_hosts_and_accounts_are_values(tmp_path: Path) -> None:
    name = "a'\"; DROP TABLE events; --"
    here = ground(
        tmp_path / "case",
        {EVENTS: guesses(12, host=name, account=name), LOG_FILES: [log(host=name)]},
    )
    assert of("guessing", here).places == (name,)
