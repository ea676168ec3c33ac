"""Alarms reach whoever should look."""

from __future__ import annotations

import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from amends.kernel.errors import UsageError
from amends.vault.brake.alarms import Bell
from amends.vault.brake.calls import Alarm

CANARY = Alarm("canary", "desk", "asked for an invented person")


def test_a_command_gets_the_alarm_on_its_standard_input(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    to = tmp_path / "alarm.json"
    code = f"import sys, pathlib; pathlib.Path({str(to)!r}).write_text(sys.stdin.read())"
    bell = Bell(f"{sys.executable} -c {code!r}".replace("'\"", '"').replace("\"'", '"'))
    with caplog.at_level(logging.WARNING):
        bell.ring(CANARY)
    bell.stop()
    told = json.loads(to.read_text())
    assert (told["kind"], told["actor"]) == ("canary", "desk") and told["at"].endswith("Z")
    assert "ALARM canary desk" in caplog.text


def test_an_address_on_this_machine_gets_the_alarm() -> None:
    got: list[dict[str, str]] = []

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Sink)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    bell = Bell(url=f"http://127.0.0.1:{server.server_port}/alarm")
    bell.ring(CANARY)
    bell.stop()
    server.shutdown()
    thread.join()
    server.server_close()
    assert [a["kind"] for a in got] == ["canary"]


def test_the_same_alarm_rings_once_a_minute_but_a_canary_always(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bell = Bell()
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            bell.ring(Alarm("over_budget", "desk", "spent"))
            bell.ring(CANARY)
        bell.ring(Alarm("over_budget", "other", "spent"))
    kinds = [record.getMessage().split()[1] for record in caplog.records]
    assert kinds.count("over_budget") == 2 and kinds.count("canary") == 5


def test_a_hook_that_fails_is_said_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    bell = Bell("/nowhere/at/all", "http://127.0.0.1:9/")
    bell.ring(CANARY)
    bell.stop()
    assert "could not be handed on" in caplog.text


@pytest.mark.parametrize(
    "url",
    ["http://collector.example/", "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1:80", "http://169.254.169.254/"],
)  # fmt: skip
def test_an_address_that_would_carry_alarms_in_clear_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        Bell(url=url)
