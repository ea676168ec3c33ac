"""Rules over logs as they lie in folders: lines add up, nothing in clear, rubbish survived."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from amends.cli.main import cli
from amends.custody import Reader
from amends.kernel.errors import UsageError
from amends.timeline.detecting import TIMELINE_SCHEMA, Detecting, detect
from amends.timeline.sigma import load_rules

HEAD = "Mar  3 04:0{0}:11 jump1 sshd[88{0}]: "
FAILED = HEAD + "Failed password for ops from 203.0.113.50 port 5{0}000 ssh2"
ACCEPTED = HEAD + "Accepted password for ops from 203.0.113.50 port 59000 ssh2"
LOG = "\n".join([FAILED.format(n) for n in range(6)] + [ACCEPTED.format(7)]) + "\n"
EVERY_LOGIN = """title: login
id: 00000000-0000-4000-8000-000000000001
logsource:
  product: amends
detection:
  s:
    kind: login
  condition: s
level: low
"""


def logs_in(folder: Path) -> Path:
    """Write a host's log, once plain and its elder in a container."""
    place = folder / "jump1" / "var" / "log"
    place.mkdir(parents=True)
    (place / "auth.log").write_text(LOG)
    (place / "auth.log.1.gz").write_bytes(gzip.compress(LOG.replace("Mar", "Feb").encode()))
    return folder


def rows_of(output: str) -> dict[str, dict[str, object]]:
    """Return the printed rows by title."""
    return {r["title"]: r for r in map(json.loads, output.splitlines())}


def test_the_command_prints_one_line_a_rule_and_tells_the_rest_aside(tmp_path: Path) -> None:
    logs = logs_in(tmp_path)
    done = CliRunner().invoke(cli, ["detect", str(logs), "--json"])
    assert done.exit_code == 0, done.output
    rows = rows_of(done.stdout)
    assert set(next(iter(rows.values()))) == {"rule_id", "title", "level", "count", "events"}
    guessed = rows["Sign-in after failures"]
    assert guessed["count"] == 2
    event = guessed["events"][0]  # type: ignore[index]
    assert set(event) == {"event_id", "file", "line", "at"}
    assert event["event_id"].startswith("V")
    assert len(event["event_id"]) == 17
    assert "files" in done.stderr
    assert "14" in done.stderr


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "xlsx"])
def test_the_timeline_holds_every_event_with_its_rules(tmp_path: Path, ending: str) -> None:
    logs = logs_in(tmp_path / "logs")
    out = tmp_path / f"t.{ending}"
    rule = tmp_path / "rule.yml"
    rule.write_text(EVERY_LOGIN)
    done = CliRunner().invoke(
        cli, ["detect", str(logs), "--rules", str(rule), "--own", "--timeline", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert out.stat().st_size > 500
    if ending == "parquet":
        table = pq.read_table(out)
        assert table.num_rows == 14
        assert "raw" not in table.schema.names
        assert {len(r) for r in table.column("rule_ids").to_pylist()} == {1}


def test_only_fired_events_are_written_when_asked(tmp_path: Path) -> None:
    logs = logs_in(tmp_path / "logs")
    out = tmp_path / "t.jsonl"
    rule = tmp_path / "rule.yml"
    rule.write_text(EVERY_LOGIN)
    CliRunner().invoke(
        cli, ["detect", str(logs), "--rules", str(rule), "--timeline", str(out), "--fired"]
    )
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows
    assert all(r["rule_ids"] for r in rows)


def test_identifiers_of_lines_are_not_in_what_is_handed_out(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("Mar  3 04:00:11 db1 app[1]: ssn=900-12-3456 read by ops\n" * 3)
    run = Detecting([tmp_path], Reader(), load_rules())
    text = "".join(str(b.to_pylist()) for b in run.batches())
    assert "900-12-3456" not in text
    assert run.account.n_events + run.account.n_rejects == 3


def test_containers_are_opened_and_lines_add_up(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in ("h1/var/log/auth.log", "h2/var/log/auth.log"):
            member = tarfile.TarInfo(name)
            member.size = len(LOG)
            tar.addfile(member, io.BytesIO(LOG.encode()))
    (tmp_path / "all.tgz").write_bytes(packed.getvalue())
    (tmp_path / "more.log.bz2").write_bytes(bz2.compress(LOG.encode()))
    run = Detecting([tmp_path], Reader(), load_rules())
    run.run()
    assert run.account.n_files == 3
    assert run.account.n_lines == 21 == run.account.n_events + run.account.n_rejects
    files = {e["file"] for row in run.rows() for e in row["events"]}
    assert any(f.endswith("all.tgz/all.tar/h2/var/log/auth.log") for f in files)


def test_rubbish_stops_nothing(tmp_path: Path) -> None:
    logs_in(tmp_path)
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 400)
    (tmp_path / "broken.evtx").write_bytes(b"ElfFile\x00" + b"\xff" * 9_000)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(LOG.encode())[:-30])
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "nul.log").write_bytes(b"\x00" * 5_000)
    run = Detecting([tmp_path], Reader(), load_rules())
    run.run()
    assert "Sign-in after failures" in {r["title"] for r in run.rows()}
    assert run.account.n_lines == run.account.n_events + run.account.n_rejects
    assert run.account.n_files == 7


def test_the_company_says_which_addresses_are_its_own(tmp_path: Path) -> None:
    logs = logs_in(tmp_path / "logs")
    hosts = tmp_path / "hosts.csv"
    hosts.write_text("host,ip,outside_ip,time_zone,role\njump2,10.0.0.2,203.0.113.50,UTC,jump\n")
    titles = {True: set[str](), False: set[str]()}
    for told, known in ((False, []), (True, [hosts])):
        table = detect([logs], Reader(), known=known)
        titles[told] = set(table.column("title").to_pylist())
    name = "Sign-in from outside by a way meant for administration"
    assert name in titles[False]
    assert name not in titles[True]


def test_refused_rules_are_counted_and_listed(tmp_path: Path) -> None:
    logs = logs_in(tmp_path / "logs")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "bad.yml").write_text("title: Bad\n")
    done = CliRunner().invoke(
        cli, ["detect", str(logs), "--rules", str(rules), "--refused", "--json"]
    )
    assert done.exit_code == 0
    assert "bad.yml" in done.stderr
    assert done.stdout == ""


def test_ids_and_answers_are_the_same_in_every_run(tmp_path: Path) -> None:
    logs = logs_in(tmp_path)
    first, second = (
        CliRunner().invoke(cli, ["detect", str(logs), "--json"]).stdout for _ in range(2)
    )
    assert first == second


def test_a_path_that_is_not_there_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        Detecting([tmp_path / "nowhere"], Reader(), load_rules())


def test_the_schema_is_events_then_file_and_rules() -> None:
    assert TIMELINE_SCHEMA.names[-2:] == ["file", "rule_ids"]
    assert "raw" not in TIMELINE_SCHEMA.names
