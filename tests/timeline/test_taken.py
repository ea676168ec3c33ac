"""What was taken: bounds that hold the truth, and proofs that say no more than the logs do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.timeline.taken_world import FIRST, READ, ROWS, intrusion, quiet

S = ("customers", "ssn")
O = ("orders", "address")  # noqa: E741 - the other table


def test_a_counted_read_that_left_is_proved(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT * FROM customers", ROWS)
    row = world.taken(tmp_path)[S]
    assert (row["lower"], row["best"], row["upper"]) == (ROWS, ROWS, ROWS), row
    assert row["accessed_proof"] == row["acquired_proof"] == "proved"
    assert row["event_ids"]


def test_the_application_and_the_backup_do_not_count(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT * FROM customers LIMIT 1000", 1000)
    row = world.taken(tmp_path)[S]
    assert (row["lower"], row["best"], row["upper"]) == (1000, 1000, 1000), row


def test_overlapping_pages_count_once(tmp_path: Path) -> None:
    world = intrusion()
    for number, skip in enumerate((0, 1000, 1500, 1500, 4000)):
        world.read(
            READ + timedelta(minutes=number),
            f"SELECT * FROM customers ORDER BY id LIMIT 1000 OFFSET {skip}",
            1000,
        )
    row = world.taken(tmp_path)[S]
    assert row["read_rows"] == 3500
    assert row["lower"] <= 3500 == row["best"] == row["upper"]


def test_a_table_that_was_not_read_is_excluded_by_a_whole_audit_log(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT * FROM customers", ROWS)
    row = world.taken(tmp_path)[O]
    assert (row["lower"], row["best"], row["upper"]) == (0, 0, 0)
    assert not row["accessed"] and not row["acquired"] and row["accessed_proof"] == "excluded"


def test_a_gap_in_the_audit_log_excludes_nothing(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT * FROM customers LIMIT 10000", 10_000)
    world.gap("db1", "audit")
    made = world.taken(tmp_path)
    assert made[O]["accessed"] and made[O]["acquired"] and made[O]["upper"] == 80_000
    assert made[S]["upper"] == ROWS and made[S]["best"] == 10_000
    assert "missing" in made[O]["grounds"]


def test_without_an_audit_log_what_left_says_how_much(tmp_path: Path) -> None:
    world = intrusion(sent=10_400_000)
    world.events = [
        e for e in world.events if not (e["kind"] == "query" and e["action"] != "connect")
    ]
    made = world.taken(tmp_path)
    row = made[S]
    assert row["upper"] == ROWS and row["acquired_proof"] == "not_excluded" and row["accessed"]
    assert row["lower"] == 0


def test_a_read_without_any_exit_log_is_seen_but_not_proved_taken(tmp_path: Path) -> None:
    world = intrusion(sent=None)
    world.events = [e for e in world.events if e["kind"] != "connection"]
    world.read(READ, "SELECT * FROM customers", ROWS)
    row = world.taken(tmp_path)[S]
    assert (
        row["accessed_proof"] == "proved"
        and row["acquired_proof"] == "not_excluded"
        and row["acquired"]
    )
    assert row["lower"] == 0 and row["best"] == ROWS == row["upper"]


def test_whole_exit_logs_that_show_nothing_exclude_the_taking(tmp_path: Path) -> None:
    world = intrusion(sent=None)
    world.read(READ, "SELECT * FROM customers", ROWS)
    row = world.taken(tmp_path)[S]
    assert row["accessed_proof"] == "proved" and row["acquired_proof"] == "excluded", row
    assert row["best"] == 0 and not row["acquired"]


def test_a_gap_in_the_exit_logs_takes_the_exclusion_back(tmp_path: Path) -> None:
    world = intrusion(sent=None)
    world.read(READ, "SELECT * FROM customers", ROWS)
    world.gap("edge1", "flow")
    assert world.taken(tmp_path)[S]["acquired_proof"] == "not_excluded"


def test_a_read_by_a_client_outside_has_left_at_once(tmp_path: Path) -> None:
    world = intrusion(sent=None)
    ids = [
        world.read(
            READ, "SELECT * FROM customers LIMIT 700", 700, src_ip="198.51.100.77", session="out"
        )
    ]
    world.hop("collection", READ, "198.51.100.77", "db1", ids, account="svc_crm", how="query")
    row = world.taken(tmp_path)[S]
    assert row["acquired_proof"] == "proved" and row["lower"] == row["best"] == 700


def test_totals_read_nobody(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT count(*) FROM customers", 1)
    row = world.taken(tmp_path)[S]
    assert row["best"] == 0 and row["read_rows"] is None


def test_a_refused_read_is_no_read(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT * FROM customers", None, outcome="failure")
    assert world.taken(tmp_path)[S]["accessed_proof"] == "excluded"


def test_the_same_line_in_two_logs_counts_once(tmp_path: Path) -> None:
    world = intrusion()
    first = world.read(READ, "SELECT * FROM customers WHERE state = 'NV'", 900)
    world.read(READ, "SELECT * FROM customers WHERE state = 'NV'", 900, duplicate_of=first)
    assert world.taken(tmp_path)[S]["best"] == 900


def test_an_account_in_use_before_widens_the_upper_bound_only(tmp_path: Path) -> None:
    world = intrusion()
    world.read(
        FIRST - timedelta(days=3), "SELECT 1", 1, session="old"
    )  # the same account from the same host
    world.read(READ, "SELECT * FROM customers LIMIT 400", 400)
    world.read(READ + timedelta(hours=1), "SELECT * FROM customers LIMIT 2000", 2000, session="ops")
    row = world.taken(tmp_path)[S]
    assert row["best"] == 400 and row["upper"] == 2000, row


def test_a_cleared_step_takes_its_reads_with_it(tmp_path: Path) -> None:
    world = intrusion()
    ids = [world.read(READ, "SELECT * FROM customers", ROWS)]
    world.hop("collection", READ, "jump1", "db1", ids, status="excluded", step=None)
    assert world.taken(tmp_path)[S]["best"] == 0


def test_without_a_chain_nothing_is_proved_and_nothing_excluded(tmp_path: Path) -> None:
    row = quiet().taken(tmp_path)[S]
    assert row["accessed"] and row["acquired"] and row["lower"] == 0 and row["upper"] == ROWS


def test_a_case_without_containment_runs_to_the_last_line(tmp_path: Path) -> None:
    world = intrusion()
    world.contained_at = None
    world.read(READ, "SELECT * FROM customers LIMIT 50", 50, session="s9")
    row = world.taken(tmp_path)[S]
    assert row["best"] == 50


def test_columns_that_were_not_asked_for_were_not_read(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT id, first_name, last_name FROM customers", ROWS)
    made = world.taken(tmp_path)
    assert made[("customers", "name")]["best"] == ROWS
    assert made[S]["accessed_proof"] == "excluded" and made[S]["upper"] == 0


def test_a_column_nobody_understands_widens_the_upper_bound_only(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT id, first_name, blob7 FROM customers", ROWS)
    row = world.taken(tmp_path)[S]
    assert row["accessed_proof"] == "not_excluded" and row["lower"] == 0 and row["upper"] == ROWS


def test_two_lists_of_columns_are_counted_element_by_element(tmp_path: Path) -> None:
    world = intrusion()
    world.read(READ, "SELECT name, ssn FROM customers ORDER BY id LIMIT 1000", 1000)
    world.read(READ, "COPY customers (name) TO STDOUT", ROWS)
    made = world.taken(tmp_path)
    assert made[S]["best"] == 1000 and made[("customers", "name")]["best"] == ROWS


def test_a_containment_that_is_a_day_lasts_to_its_end(tmp_path: Path) -> None:
    world = intrusion()
    world.contained_at = READ.replace(hour=0)
    world.read(READ + timedelta(hours=3), "SELECT * FROM customers LIMIT 70", 70)
    assert world.taken(tmp_path)[S]["read_rows"] == 70
