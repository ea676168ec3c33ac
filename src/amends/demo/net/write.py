"""Writes ``network-before``, ``network-between`` and ``network-after``, and the truth about the ways through."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from amends.demo.logs.deeds import Deeds
from amends.demo.net.configs import core_config, edge_config, iptables
from amends.demo.net.plan import (
    AFTER,
    BEFORE,
    BETWEEN,
    KEV,
    Network,
    State,
    draw_network,
    fingerprint,
)
from amends.demo.net.scans import scan_xml
from amends.demo.net.truth import answer

FOLDERS = {"network-before": BEFORE, "network-between": BETWEEN, "network-after": AFTER}
_INSIDE = {"test": "test1", "dmz": "web", "office": "dhcp"}
_KEV_COLUMNS = ("cveID", "vendorProject", "product", "vulnerabilityName", "dateAdded", "shortDescription",
  "requiredAction",
                "dueDate", "knownRansomwareCampaignUse", "notes", "cwes")  # fmt: skip
_KEV_ROWS = (
    (KEV, "Apache", "HTTP Server", "Apache HTTP Server Path Traversal Vulnerability", "2021-11-03",
     "A flaw in path normalization lets an attacker map URLs to files outside the expected document root.",
     "Apply updates per vendor instructions.", "2021-11-17", "Known", "", "CWE-22"),
    ("CVE-2023-20198", "Cisco", "IOS XE Web UI", "Cisco IOS XE Web UI Privilege Escalation Vulnerability", "2023-10-16",
     "The web UI lets a remote attacker create an account with privilege level 15.",
     "Apply mitigations per vendor instructions.", "2023-10-20", "Unknown", "", "CWE-420"),
    ("CVE-2024-3400", "Palo Alto Networks", "PAN-OS", "Palo Alto Networks PAN-OS Command Injection Vulnerability",
      "2024-04-12",
     "Command injection in GlobalProtect.", "Apply mitigations per vendor instructions.", "2024-04-19", "Known",
     "", "CWE-77"),
)  # fmt: skip


def write_network(folder: Path, deeds: Deeds, truth: Path) -> None:
    """Write the states of the network below ``folder`` and ``paths.json`` into ``truth``."""
    network = draw_network(deeds.estate, deeds.story, deeds.held, deeds.store_hosts["test-server"])
    for name, state in zip(FOLDERS, (network.before, network.between, network.after), strict=True):
        _write_state(folder / name, network, state)
    (truth / "paths.json").write_text(json.dumps(answer(network), indent=1) + "\n", "utf-8")


def _write_state(folder: Path, network: Network, state: State) -> None:
    estate = network.estate
    put(folder / "scans" / "internet.xml", scan_xml(network, state, "internet"))
    for zone, origin in _INSIDE.items():
        put(folder / "scans" / f"inside-{zone}.xml", scan_xml(network, state, origin))
    put(
        folder
        / "configs"
        / f"{estate['edge'].name}.{'cfg' if estate['edge'].dialect == 'ios' else 'conf'}",
        edge_config(network, state),
    )
    name, text = core_config(network, state)
    put(folder / "configs" / f"{name}.cfg", text)
    for key in ("archive", "crm"):
        if key in state.walls:
            put(
                folder / "hosts" / estate[key].name / "iptables-save.txt",
                iptables(network, state, key),
            )
    _write_lists(folder, network, state)
    _write_accounts(folder, network)
    if state.claims:
        put(folder / "claims.json", json.dumps(state.claims, indent=1) + "\n")
    put(folder / "credential_findings.json", json.dumps(_findings(network, state), indent=1) + "\n")


def _write_lists(folder: Path, network: Network, state: State) -> None:
    estate = network.estate
    name = {key: machine.name for key, machine in estate.machines.items()}
    _csv(folder / "assets.csv", ["asset", "ip", "outside_ip", "zone", "role"],
         [[m.name, m.ip, m.outside_ip, m.zone, m.role] for m in estate.machines.values()])  # fmt: skip
    _csv(folder / "services.csv", ["asset", "port", "service", "auth", "mfa", "lockout", "product", "cve"],
         [[name[s.asset], str(s.port), s.service, s.auth, s.mfa, s.lockout, f"{s.product} {s.version}".strip(), s.cve]
          for s in state.services])  # fmt: skip
    rows = {
        (s.identity, name[key], str(port)): s.current
        for s in state.secrets
        for key, port in s.targets
    }
    seed, backup = estate.seed, estate.services["backup"]
    rows |= {
        (backup, name[key], port): fingerprint(seed, f"{backup} {key}")
        for key, port in (("crm", "5432"), ("archive", "3306"))
    }
    _csv(
        folder / "accounts.csv",
        ["identity", "asset", "port", "secret_fingerprint"],
        [[*key, value] for key, value in rows.items()],
    )
    _csv(
        folder / "grants.csv",
        ["identity", "store", "privilege"],
        [list(row) for row in network.grants],
    )
    _csv(folder / "stores.csv", ["store", "asset", "port", "persons", "elements"], _stores(network))
    _csv(folder / "kev.csv", list(_KEV_COLUMNS), [list(row) for row in _KEV_ROWS])


def _stores(network: Network) -> list[list[str]]:
    rows = []
    for store, (key, port) in network.store_hosts.items():
        held = [one for one in network.held if one.store == store]
        elements = dict.fromkeys(element for one in held for element in one.elements)
        persons = max(
            (one.rows for one in held if one.unit == "rows"), default=sum(one.rows for one in held)
        )
        rows.append([store, network.estate[key].name, str(port), str(persons), " ".join(elements)])
    return rows


def _findings(network: Network, state: State) -> list[dict[str, object]]:
    """Return what a secret scanner found, with where it ran."""
    found: list[dict[str, object]] = []
    for number, secret in enumerate(state.secrets):
        for key, port in secret.targets:
            found.append({
                "RuleID": secret.rule, "Description": secret.rule.replace("-", " ").capitalize(),
                "StartLine": 7 + number,
                "EndLine": 7 + number, "StartColumn": 12, "EndColumn": 25, "Match": "REDACTED", "Secret": "REDACTED",
                "File": secret.file, "Host": network.estate[secret.host].name, "Entropy": 3.4,
                "Date": f"{BEFORE}T00:00:00Z",
                "Tags": [], "Fingerprint": secret.found, "Identity": secret.identity,
                "Target": f"{network.estate[key].name}:{port}",
            })  # fmt: skip
    return found


def _write_accounts(folder: Path, network: Network) -> None:
    """Write accounts and sudoers of the test server, and the hosts it knows."""
    estate = network.estate
    services, test = estate.services, estate["test1"].name
    users = [
        services["test"],
        services["deploy"],
        services["monitor"],
        *(one.login for one in estate.of_job("developer")[:3]),
    ]
    passwd = ["root:x:0:0:root:/root:/bin/bash", "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
              "sshd:x:105:65534::/run/sshd:/usr/sbin/nologin"]  # fmt: skip
    passwd += [
        f"{user}:x:{1001 + k}:{1001 + k}::/home/{user}:/bin/bash" for k, user in enumerate(users)
    ]
    put(folder / "hosts" / test / "etc" / "passwd", "\n".join(passwd) + "\n")
    sudoers = [
        "Defaults\tenv_reset",
        "root\tALL=(ALL:ALL) ALL",
        "%sudo\tALL=(ALL:ALL) ALL",
        f"{services['test']}\tALL=(ALL) NOPASSWD: ALL",
    ]
    put(folder / "hosts" / test / "etc" / "sudoers", "\n".join(sudoers) + "\n")


def put(path: Path, text: str) -> None:
    """Write a text file, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _csv(path: Path, header: list[str], rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    put(path, out.getvalue())
