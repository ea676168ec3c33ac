"""Every command is documented, and every example in its help runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.cli.main import cli
from amends.vault.keyring import Keyring


def _commands(group: click.Group, path: str = "amends") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        full = f"{path} {name}"
        if isinstance(command, click.Group):
            yield from _commands(command, full)
        else:
            yield full, command


COMMANDS = dict(_commands(cli))


def _examples(command: click.Command) -> list[str]:
    text = command.help or ""
    after = text.split("Example:", 1)[1] if "Example:" in text else ""
    return [line.strip() for line in after.splitlines() if line.strip().startswith("amends ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_with_an_example(name: str) -> None:
    command = COMMANDS[name]
    assert len((command.help or "").split("\n")[0]) > 20
    assert _examples(command), f"{name} has no example"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.name}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_stands_in_the_documents(name: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"
    assert f"## `{name}`" in page.read_text("utf-8")


def _amends(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line)[1:]
    environment = {**os.environ, "NO_COLOR": "1", "AMENDS_ACTOR": "tester"}
    return subprocess.run(
        [sys.executable, "-m", "amends", "--no-input", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the examples make sense: a small demo case named acme, run twice."""
    folder = tmp_path_factory.mktemp("examples")
    for line in (
        "amends demo data --people 300 --seed 1 --log-lines 20000",
        'amends new acme --entity "Acme Inc" --preset telecom --discovered-on 2026-08-17 --domain acme.example '
        "--phone 1-888-555-0142 --set site.address=help.acme.example --set channels.email.url=smtp://localhost:9 "
        '--set channels.email.from=notices@acme.example --set "policy.id_protection_product=Larkspur Guard"',
    ):
        done = _amends(folder, line)
        assert done.returncode == 0, done.stderr
    stolen = folder / "stolen"
    stolen.mkdir()
    (stolen / "customers.csv").write_text(
        "record_id,first,last,dob,ssn,street,city,state,zip\n"
        "1,ANN,LEE,1980-02-03,666-12-3456,1 OAK ST,RENO,NV,89501\n"
        "2,ANNE,LEE,1980-02-03,666-12-3456,1 OAK STREET,RENO,NV,89501\n"
    )
    facts = {
        "entity": {"roles": ["BUSINESS"], "source_of_breach": True},
        "events": {"discovery": "2026-03-02", "determination": "2026-03-02"},
        "breach": {
            "access": True,
            "acquisition": True,
            "harm_likely": True,
            "id_theft_sufficient": False,
        },
        "groups": [
            {
                "group": "a",
                "residence": "US-CA",
                "count": 9,
                "elements": ["name", "ssn"],
                "secured": [],
                "key_taken": False,
            }
        ],
    }
    (folder / "facts.json").write_text(json.dumps(facts))
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for line in (
        "amends add acme stolen/customers.csv data/evidence-1 --owner Acme",
        "amends add acme data/logs-1 --role log",
        "amends add acme data/roster-1 --role roster",
        "amends add acme data/network-before --role inventory --as-of 2026-07-31",
        "amends add acme data/network-after --role inventory --as-of 2026-08-22",
    ):
        done = _amends(folder, line)
        assert done.returncode == 0, done.stderr
    for number in (1, 2):
        done = _amends(folder, "amends run acme")
        assert done.returncode in (0, 10), done.stderr
        if number == 1:
            _amends(folder, "amends event add acme containment 2026-08-20")
    return folder


# What the examples read.
FILES = {
    "till/customers.csv": "id,ssn,name\n"
    + "".join(f"{n},512-44-{n},ANN LEE\n" for n in range(1001, 1051)),
    "shop/customers.csv": "id,ssn,first_name,last_name,phone\n"
    + "".join(f"{n},812-44-{n},ANN,LEE,702-331-{n}\n" for n in range(2001, 2021)),
    "shop/orders.csv": "order,customer_id,ordered_on\n"
    + "".join(f"A{n},{2001 + n % 20},2024-03-{n % 28 + 1:02d}\n" for n in range(60)),
    "password.txt": "correct horse battery staple\n",
    "codes.csv": "code\nLG-4F7K-2M9Q\nLG-8T3W-5R1X\n",
    "used.csv": "code,used_on\n",
    "leaked.csv": "code\nLG-8T3W-5R1X\n",
    "accounts.csv": "account_ref\n" + "ab" * 32 + "\n",
    "accounts.txt": "4511050356\n",
    "key.json": json.dumps({"key_id": "k1", "request_key": "11" * 32, "account_key": "22" * 32}),
    "logs/jump1/var/log/auth.log": "".join(
        f"Aug  4 02:11:{n:02d} jump1 sshd[7]: Failed password for bob from 203.0.113.9 port 4{n:03d} ssh2\n"
        for n in range(40)
    ),
    "sigma/rules/guess.yml": "title: A failed password\nid: 5a4c2d1e-0000-4000-8000-000000000002\n"
    "logsource: {product: linux, service: sshd}\n"
    "detection: {words: ['Failed password'], condition: words}\nlevel: low\n",
    "message.txt": "Please send us your Social Security number at once: http://acme-help.example/\n",
}

# They serve until they are stopped: started, seen to be open, and stopped as by Ctrl-C.
SERVERS = ("amends site", "amends banner-api", "amends banner-demo", "amends vault serve")

# The order of a person's work: each example finds what the ones before it made.
ORDERED = [
    "amends new", "amends demo", "amends add", "amends event add", "amends event list", "amends run", "amends status",
    "amends show", "amends explain", "amends export", "amends diff", "amends decide", "amends verify",
    "amends custody witness", "amends custody stamp", "amends custody proof", "amends custody check-proof",
    "amends custody export", "amends package make", "amends package check", "amends paths show", "amends paths diff",
    "amends controls",
    "amends detect", "amends scan", "amends sample index", "amends sample check",
    "amends vault new", "amends vault keys", "amends vault plan", "amends vault protect", "amends vault verify",
    "amends vault drop", "amends vault undo", "amends vault rewrap", "amends vault rotate", "amends vault shred",
    "amends vault leaks",
    "amends vault actors purpose", "amends vault actors add", "amends vault actors ceiling",
    "amends vault actors persons", "amends vault canary make", "amends vault serve", "amends vault ask",
    "amends vault release ask", "amends vault release approve", "amends vault release run",
    "amends vault release list", "amends vault actors key", "amends vault actors stop", "amends vault actors lift",
    "amends vault actors list", "amends vault actors remove", "amends vault audit",
    "amends vault mask", "amends vault subset", "amends vault test-check",
    "amends resolve", "amends duties", "amends notices proofs", "amends notices seal", "amends notices approve",
    "amends notices send", "amends notices status", "amends notices code",
    "amends portal publish", "amends portal verify", "amends portal status", "amends portal banner-key",
    "amends portal answer", "amends offers import", "amends offers status", "amends offers reconcile",
    "amends offers revoke", "amends offers replace", "amends offers history",
    "amends protection request-all", "amends protection status",
    "amends protection work", "amends protection evidence", "amends protection simulate", "amends banner-export",
    "amends banner-demo", "amends banner-api", "amends scam-check", "amends look-alikes", "amends users add",
    "amends users list", "amends users role", "amends users password", "amends users disable", "amends console",
    "amends site",
]  # fmt: skip


def test_the_order_names_every_command() -> None:
    assert sorted(ORDERED) == sorted(COMMANDS)


def _serves(folder: Path, line: str) -> None:
    """Start a server as an example says, wait until it says that it is open, and stop it."""
    command = [sys.executable, "-u", "-m", "amends", "--no-input", *shlex.split(line)[1:]]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        said = ""
        while "http://" not in said:
            more = server.stderr.readline()
            assert more, f"{line}\n{said}"
            said += more
        _stop(server)
        said += server.stderr.read()
    assert server.returncode in (0, 130), f"{line}\n{said}"
    assert "Traceback" not in said


def _stop(server: subprocess.Popen[str]) -> None:
    """Stop a server as by Ctrl-C; one that is still starting may not hear the first."""
    for _ in range(20):
        server.send_signal(signal.SIGINT)
        try:
            server.wait(timeout=2)
        except subprocess.TimeoutExpired:
            continue
        return
    server.kill()


def _tokens(folder: Path) -> str:
    """Write tokens of the vault that the examples made, as its tables would hold them, and return one."""
    values = pa.array([f"9000{number:05d}" for number in range(1, 21)], pa.string())
    tokens: list[str] = Keyring.open(folder / "vault").cipher("ssn").protect(values).to_pylist()
    (folder / "tokens.txt").write_text("\n".join(tokens) + "\n")
    rows = "".join(f"ssn,{token},P{number}\n" for number, token in enumerate(tokens))
    (folder / "persons.csv").write_text("domain,token,person\n" + rows)
    return tokens[0]


def _loyalty(folder: Path) -> None:
    """Write a table whose numbers are tokens of the vault that the examples made."""
    cipher = Keyring.open(folder / "vault").cipher("loyalty_number")
    numbers = cipher.protect(pa.array(["L-100001", "L-100002", None], pa.string()))
    pq.write_table(pa.table({"number": numbers}), folder / "loyalty.parquet")


@pytest.mark.slow
def test_every_example_runs(workshop: Path) -> None:
    listed = _amends(workshop, "amends export acme person-elements --to -").stdout
    person = json.loads(listed.splitlines()[0])["person_id"]
    token = ""
    for name in ORDERED:
        if name == "amends vault rotate":
            _loyalty(workshop)
        if name == "amends vault actors purpose":
            token = _tokens(workshop)
        for example in _examples(COMMANDS[name]):
            line = re.sub(r"\bPERSON\b", person, example)
            line = re.sub(r"\bTOKEN\b", token, line)
            if name == "amends new":
                line = line.replace("new acme", "new another")
            if name in SERVERS:
                _serves(workshop, line)
                continue
            done = _amends(workshop, line)
            assert done.returncode in (0, 10), f"{line}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr
