"""The banner's commands as a company runs them: export, the API with several workers, the demonstration."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.portal.banner_world import Company, company
from tests.portal.world import ACCOUNTS
from tests.site.banner_serving import free_port


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("commands"))


def words(*given: object) -> list[str]:
    return [sys.executable, "-m", "amends", "--no-input", *map(str, given)]


def run(*given: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words(*given), capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def started(port: int, *given: object) -> Iterator[str]:
    """Run a command that serves until it is stopped."""
    process = subprocess.Popen(
        words("--quiet", *given), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, process.stderr and process.stderr.read()
            try:
                httpx.get(f"{address}/v1/keys")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def listed(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.txt"
    path.write_text("\n".join([*ACCOUNTS, "nobody"]), "utf-8")
    return path


def test_export_writes_a_signed_answer_for_each_account(asker: Company, tmp_path: Path) -> None:
    target, key = tmp_path / "banner.jsonl", asker.world.keys / "banner.json"
    done = run(
        "banner-export", asker.world.published, "--accounts", listed(tmp_path), "--key-file", key, "--to", target,
        "--hours", 48, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert {k: said[k] for k in ("edition", "answers", "yes", "no", "undecided")} == {
        "edition": 1, "answers": 6, "yes": 4, "no": 1, "undecided": 1,
    }  # fmt: skip
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [asker.read(line["answer"])["sub"] for line in lines] == [
        asker.world.ref(a) for a in [*ACCOUNTS, "nobody"]
    ]
    straight = run(
        "banner-export", asker.world.published, "--accounts", listed(tmp_path), "--key-file", key, "--to", "-",
    )  # fmt: skip
    assert len(straight.stdout.splitlines()) == 6


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--hours": 10_000}, "cannot be good for so long"),
        ({"--accounts": "absent.txt"}, "list of accounts cannot be read"),
        ({"--key-file": "absent.json"}, "key file cannot be read"),
    ],
)
def test_an_export_that_cannot_be_made_says_why_and_leaves_nothing(
    asker: Company, tmp_path: Path, change: dict[str, object], said: str
) -> None:
    given = {
        "--accounts": listed(tmp_path),
        "--key-file": asker.world.keys / "banner.json",
        "--to": tmp_path / "out.jsonl",
        **change,
    }
    done = run("banner-export", asker.world.published, *(w for pair in given.items() for w in pair))
    assert done.returncode == 2
    assert said in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["accounts.txt"]


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_the_api_alone_takes_a_nonce_once_among_its_workers(asker: Company, server: str) -> None:
    if server == "granian":
        pytest.importorskip("granian", reason="granian is an extra")
    port = free_port()
    path = f"/v1/banner/{asker.world.ref('555-0001')}"
    with started(
        port,
        "banner-api",
        asker.world.published,
        "--port",
        port,
        "--workers",
        2,
        "--server",
        server,
    ) as address:
        headers = asker.headers(path)
        statuses = [httpx.get(address + path, headers=headers).status_code for _ in range(12)]
        good = [httpx.get(address + path, headers=asker.headers(path)) for _ in range(6)]
        kept = asker.headers(path)
        assert httpx.get(address + path, headers=kept).status_code == 200
    assert sorted(statuses) == [200] + [401] * 11
    assert {a.status_code for a in good} == {200}
    assert all(asker.read(a.text)["state"] == "yes" for a in good)
    port = free_port()
    with started(port, "banner-api", asker.world.published, "--port", port) as address:
        assert httpx.get(address + path, headers=kept).status_code == 401, "after a restart too"


def test_the_demonstration_shows_the_banner(asker: Company) -> None:
    port = free_port()
    key = asker.world.keys / "banner.json"
    with (
        started(
            port, "banner-demo", asker.world.published, "--key-file", key, "--port", port
        ) as address,
        httpx.Client(base_url=address, follow_redirects=True) as person,
    ):
        page = person.post("/sign-in?lang=es", data={"account": "555-0004"})
    assert "número del dispositivo (IMEI)" in page.text
    assert 'data-state="yes"' in page.text


def test_where_nothing_is_published_nothing_is_served(tmp_path: Path) -> None:
    done = run("banner-api", tmp_path, "--port", free_port())
    assert done.returncode == 2
    assert "Nothing is published here" in done.stderr
