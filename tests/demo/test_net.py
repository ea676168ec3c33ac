"""The network of the demonstration case: every file parses, and the truth about the ways through is in them."""

from __future__ import annotations

import csv
import hashlib
import ipaddress
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from amends.demo import write_demo
from amends.demo.net.configs import _KEY7, type7
from tests.demo.logs_reading import truth_of

SEEDS = (1, 2, 3, 4, 5)
DATES = ("network-before", "network-between", "network-after")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small cases of several seeds."""
    folder = tmp_path_factory.mktemp("net")
    for seed in SEEDS:
        write_demo(folder / str(seed), people=120, seed=seed, log_lines=0)
    return [folder / str(seed) for seed in SEEDS]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _open_ports(path: Path) -> dict[str, set[int]]:
    """Return address → open ports of a scan."""
    out: dict[str, set[int]] = {}
    for host in ElementTree.parse(path).getroot().iter("host"):
        address = host.find("address")
        assert address is not None
        ports = set()
        for port in host.iter("port"):
            state = port.find("state")
            assert state is not None
            if state.get("state") == "open":
                ports.add(int(port.get("portid", "0")))
        out[address.get("addr", "")] = ports
    return out


def test_lists_have_the_headers_of_the_conventions(cases: list[Path]) -> None:
    headers = {
        "assets": "asset ip zone role", "services": "asset port service auth mfa lockout product cve",
        "accounts": "identity asset port secret_fingerprint", "grants": "identity store privilege",
        "stores": "store asset port persons elements", "kev": "cveID vendorProject dateAdded dueDate",
    }  # fmt: skip
    for case in cases:
        for date in DATES:
            for name, columns in headers.items():
                rows = _rows(case / date / f"{name}.csv")
                assert rows and set(columns.split()) <= set(rows[0])


def test_services_stand_on_assets_and_stores_on_services(cases: list[Path]) -> None:
    for case in cases:
        for date in DATES:
            assets = {row["asset"] for row in _rows(case / date / "assets.csv")}
            services = {(row["asset"], row["port"]) for row in _rows(case / date / "services.csv")}
            assert {asset for asset, _ in services} <= assets
            assert {
                (row["asset"], row["port"]) for row in _rows(case / date / "stores.csv")
            } <= services


def test_findings_name_hosts_and_targets_and_hold_no_secret(cases: list[Path]) -> None:
    for case in cases:
        for date in DATES:
            services = {
                f"{row['asset']}:{row['port']}" for row in _rows(case / date / "services.csv")
            }
            for finding in json.loads((case / date / "credential_findings.json").read_text()):
                assert re.fullmatch(r"[0-9a-f]{64}", finding["Fingerprint"])
                assert finding["Secret"] == "REDACTED" and finding["Target"] in services


def _current(case: Path, date: str) -> dict[tuple[str, str], str]:
    return {
        (row["identity"], f"{row['asset']}:{row['port']}"): row["secret_fingerprint"]
        for row in _rows(case / date / "accounts.csv")
    }


def test_found_credentials_are_current_unless_they_were_changed(cases: list[Path]) -> None:
    for case in cases:
        fixes = {fix["name"]: fix for fix in truth_of(case, "paths")["fixes"]}
        changed = {fact["source"].split(":", 1)[1] for fact in fixes["etl_rotation"]["facts"]}
        for date in DATES:
            current = _current(case, date)
            stale = {
                finding["Fingerprint"]
                for finding in json.loads((case / date / "credential_findings.json").read_text())
                if current[finding["Identity"], finding["Target"]] != finding["Fingerprint"]
            }
            assert (changed <= stale) == (date == "network-after")
            assert len(stale - changed) == 1, "one was rotated long ago"


def test_the_routers_management_is_open_before_and_shut_after(cases: list[Path]) -> None:
    for case in cases:
        ports = [_open_ports(case / date / "scans" / "internet.xml")["192.0.2.1"] for date in DATES]
        assert 22 in ports[0] and not ports[1] and not ports[2]
        weak = [
            row
            for row in _rows(case / "network-before" / "services.csv")
            if row["mfa"] == row["lockout"] == "no"
        ]
        assert any(row["port"] == "22" for row in weak)


def test_one_way_is_shut_on_the_router_and_open_beside_it(cases: list[Path]) -> None:
    for case in cases:
        before, _, after = (
            _open_ports(case / date / "scans" / "internet.xml")["192.0.2.20"] for date in DATES
        )
        assert (before, after) == ({22, 2222}, {2222})


def test_fixes_are_what_the_truth_says(cases: list[Path]) -> None:
    for case in cases:
        truth = truth_of(case, "paths")
        states = {fix["name"]: fix["state"] for fix in truth["fixes"]}
        assert set(states.values()) == {"verified", "claimed", "reopened"}
        claims = json.loads((case / "network-after" / "claims.json").read_text())
        claimed = {(claim["kind"], claim["source"], claim["target"]) for claim in claims}
        for fix in truth["fixes"]:
            assert {
                (fact["kind"], fact["source"], fact["target"]) for fact in fix["facts"]
            } <= claimed
        web = [
            row
            for row in _rows(case / "network-after" / "services.csv")
            if row["product"].startswith("Apache")
        ]
        assert any(row["cve"] for row in web) == (states["web_patch"] == "claimed")
        assert _archive_from_dmz(case) == [True, False, True], "gone in between, and back"


def _archive_from_dmz(case: Path) -> list[bool]:
    inside = {row["asset"]: row["ip"] for row in _rows(case / "network-before" / "assets.csv")}
    return [
        3306 in _open_ports(case / date / "scans" / "inside-dmz.xml")[inside["archive-db-02"]]
        for date in DATES
    ]


def test_some_stores_are_closed_and_some_still_open(cases: list[Path]) -> None:
    for case in cases:
        truth = truth_of(case, "paths")
        before, after = set(truth["before"]["open"]), set(truth["after"]["open"])
        assert after < before and after and set(truth["closed"]) == before - after
        assert len(before) == 10


def test_configurations_speak_the_products_language(cases: list[Path]) -> None:
    for case in cases:
        flavours: dict[str, Any] = truth_of(case, "chain")["flavours"]
        for date in DATES:
            texts = [path.read_text() for path in sorted((case / date / "configs").iterdir())]
            assert len(texts) == 2
            whole = "\n".join(texts)
            assert ("host-name" in whole) == (flavours["router"] == "junos")
            assert ("ASA Version" in whole) == (flavours["firewall"] == "asa")
            for text in texts:
                assert text.count("{") == text.count("}")
                for address in re.findall(r"\d+\.\d+\.\d+\.\d+", text):
                    ipaddress.ip_address(address)
                used = set(re.findall(r"access-group (\S+) in", text))
                assert used <= set(re.findall(r"access-list (?:extended )?(\S+)", text))


def test_type_7_can_be_read_back() -> None:
    coded = type7("Lw-0123abcd")
    salt, body = int(coded[:2]), bytes.fromhex(coded[2:])
    assert bytes(sign ^ _KEY7[salt + k] for k, sign in enumerate(body)) == b"Lw-0123abcd"


def test_the_routers_password_is_the_one_that_was_found(cases: list[Path]) -> None:
    seen = 0
    for case in cases:
        for path in (case / "network-before" / "configs").iterdir():
            found = re.search(r"username (\S+) privilege 1 password 7 (\S+)", path.read_text())
            if not found:
                continue
            seen += 1
            salt, body = int(found[2][:2]), bytes.fromhex(found[2][2:])
            clear = bytes(sign ^ _KEY7[salt + k] for k, sign in enumerate(body))
            prints = {
                value
                for (identity, _), value in _current(case, "network-before").items()
                if identity == found[1]
            }
            assert hashlib.sha256(clear).hexdigest() in prints
    assert seen


def test_the_archive_database_has_a_host_firewall_after(cases: list[Path]) -> None:
    for case in cases:
        name = "hosts/archive-db-02/iptables-save.txt"
        text = (case / "network-after" / name).read_text()
        assert not (case / "network-before" / name).exists()
        assert (
            ":INPUT DROP" in text
            and text.count("--dport 3306 -j ACCEPT") == 4
            and text.rstrip().splitlines()[-2] == "COMMIT"
        )
