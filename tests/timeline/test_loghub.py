"""Public samples of text logs, against the fields that their makers took out of them: see ``AMENDS_PUBLIC_DATA``."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from tests.timeline.logs import origin, read

pytestmark = pytest.mark.public_data
BESIDE = Path(__file__).parents[3] / "shared" / "data"


def sample(name: str) -> tuple[bytes, list[dict[str, str]]]:
    for folder in (os.environ.get("AMENDS_PUBLIC_DATA"), BESIDE):
        if folder and (Path(folder) / "loghub" / name).is_dir():
            path = Path(folder) / "loghub" / name / f"{name}_2k.log"
            with (path.parent / f"{name}_2k.log_structured.csv").open(
                newline="", encoding="utf-8"
            ) as rows:
                return path.read_bytes(), list(csv.DictReader(rows))
    pytest.skip("the public logs are not there: set AMENDS_PUBLIC_DATA")


def test_openssh_lines_have_the_parts_and_meanings_that_loghub_gives_them() -> None:
    body, wanted = sample("OpenSSH")
    reading, rows = read(body, origin())
    assert (reading.parser, reading.n_lines, reading.n_rejects, reading.n_undated) == (
        "syslog",
        2000,
        0,
        0,
    )
    for row, truth in zip(rows, wanted, strict=True):
        assert row["pid"] == int(truth["Pid"])
        assert (
            f"{row['at']:%b %d %H:%M:%S}"
            == f"{truth['Date']} {int(truth['Day']):02d} {truth['Time']}"
        )
        if not truth["Content"].startswith("message repeated"):
            assert row["message"].strip() == truth["Content"].strip()
    by = {
        t: [r for r, w in zip(rows, wanted, strict=True) if w["EventId"] == t]
        for t in {w["EventId"] for w in wanted}
    }
    for template in ("E8", "E9", "E10", "E13"):
        assert {(r["kind"], r["outcome"]) for r in by[template]} == {("login", "failure")}
        assert all(r["src_ip"] for r in by[template])
    assert [(r["kind"], r["outcome"]) for r in by["E1"]] == [("login", "success")]
    failed = [r for r in rows if r["code"] == "password" and r["outcome"] == "failure"]
    assert len(failed) == len(by["E9"]) + len(by["E10"]) + len(by["E14"])
    assert all(r["kind"] == "connection" for r in by["E24"])


def test_linux_lines_have_the_parts_that_loghub_gives_them() -> None:
    body, wanted = sample("Linux")
    reading, rows = read(body, origin("messages"))
    assert (reading.parser, reading.n_lines, reading.n_rejects, reading.n_undated) == (
        "syslog",
        2000,
        0,
        0,
    )
    for row, truth in zip(rows, wanted, strict=True):
        if truth["PID"]:
            assert row["pid"] == int(truth["PID"])
        assert row["host"] == truth["Level"]
        program = truth["Component"].split("(")[0].strip()
        if " " not in program and row["process"]:
            assert row["process"] == program
        assert (
            truth["Content"].strip() in row["message"] or row["message"].strip() in truth["Content"]
        )
    failures = [
        r
        for r, w in zip(rows, wanted, strict=True)
        if w["Content"].startswith("authentication failure")
    ]
    assert failures
    assert {(r["kind"], r["outcome"]) for r in failures} == {("login", "failure")}


def test_windows_text_has_its_times() -> None:
    body, wanted = sample("Windows")
    reading, rows = read(body, origin("CBS.log"))
    assert (reading.n_lines, reading.n_rejects, reading.n_undated) == (2000, 0, 0)
    for row, truth in zip(rows, wanted, strict=True):
        assert f"{row['at']:%Y-%m-%d %H:%M:%S}" == f"{truth['Date']} {truth['Time']}"
