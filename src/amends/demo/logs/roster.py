"""What the company tells of its systems: ``hosts.csv``, ``stores.csv`` and ``known_facts.txt``."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from amends.demo.logs.clocks import DAY, OFFSETS, iso_utc
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.estate import Estate
from amends.demo.logs.holdings import Held
from amends.demo.logs.staff import Tester


def write_roster(folder: Path, deeds: Deeds, tester: Tester) -> None:
    """Write the three files into ``folder``."""
    estate = deeds.estate
    rows = [["host", "ip", "outside_ip", "time_zone", "role"]]
    rows += [[m.name, m.ip, m.outside_ip, m.told_zone, m.role] for m in estate.machines.values()]
    _write(folder / "hosts.csv", rows)
    rows = [["store", "table", "host", "elements", "rows", "unit", "avg_bytes"]]
    for held in deeds.held:
        key = deeds.store_hosts.get(held.store) or OTHERS[held.store]
        rows.append([
            held.store, held.table, estate[key].name, " ".join(held.elements), str(held.rows), held.unit,
            str(held.avg_bytes),
        ])  # fmt: skip
    _write(folder / "stores.csv", rows)
    (folder / "known_facts.txt").write_text("\n".join(known_facts(estate, tester)) + "\n", "utf-8")


OTHERS = {"ivr-db": "ivr", "scan-store": "lake", "hlr-db": "app", "backup-server": "backup"}


def others(held: list[Held]) -> list[Held]:
    """Return what lies beside the stolen exhibits: tables and stores that a company has as well."""
    by_table = {one.table: one for one in held}
    customers = by_table["customers"].rows if "customers" in by_table else 1_000
    whole = sum(one.size for one in held)
    return [
        Held("crm-db", "payments", ("card", "account_number"), int(customers * 1.7) + 20, "rows",
          int(customers * 1.7) * 84),
        Held("crm-db", "care_notes", ("name",), int(customers * 0.4) + 9, "rows", int(customers * 0.4) * 260),
        Held("ivr-db", "account_pins.csv", ("account_number", "account_pin"), int(customers * 0.3) + 5, "rows",
             int(customers * 0.3) * 26 + 200),
        Held("scan-store", "licence_scans", ("name", "drivers_licence", "address"), int(customers * 0.12) + 3, "files",
             int(customers * 0.12) * 91_000),
        Held("hlr-db", "subscribers", ("imsi", "phone"), customers, "rows", customers * 60),
        Held("backup-server", "nightly", ("name", "ssn"), 43, "files", whole * 43),
    ]  # fmt: skip


def known_facts(estate: Estate, tester: Tester) -> list[str]:
    """Return what the company knows, in plain sentences."""
    services, networks = estate.services, estate.networks
    hours = OFFSETS["America/Los_Angeles"] // 3600
    return [
        f"Nightly backups: {estate['backup'].name} ({estate['backup'].ip}) copies {estate['crm'].name}, "
        f"{estate['archive'].name}, {estate['nas'].name} and {estate['lake'].name} from 01:10 to 04:00 UTC every day, "
        f"as account {services['backup']}.",
        f"Weekly off-site copy: every Sunday from 05:00 to 09:30 UTC {estate['backup'].name} sends the backups to the "
        f"vault provider at {OFFSITE}.",
        f"Vulnerability scanner: {estate['scanner'].name} ({estate['scanner'].ip}) scans all inside networks every "
        f"Tuesday and Friday from 03:00 to 05:00 UTC, as account {services['scan']}.",
        f"Ticket {tester.ticket}: penetration test by Hollow Oak Security from {tester.ip}, from "
        f"{iso_utc(tester.start)[:16].replace('T', ' ')} UTC to {iso_utc(tester.end)[:16].replace('T', ' ')} "
        f"UTC, hosts "
        f"{estate['test1'].name} and {estate['web'].name}, account {tester.account}.",
        f"VPN addresses are given out of {networks['vpn']}.0/24.",
        "Our outside addresses are 192.0.2.0/24.",
        "Inside networks: " + ", ".join(f"{zone} {prefix}.0/24" for zone,
        prefix in networks.items() if zone != "spare") + ".",
        f"Change {tester.ticket.replace('PT', 'CHG')}: database maintenance on {estate['crm'].name} on "
        f"{iso_utc(tester.start + 6 * DAY)[:10]} from 02:00 to 05:00 UTC by {estate.of_job('dba')[0].login} "
        "(reindex, vacuum, table copies).",
        f"The analysts' quarterly export of payments and accounts was made by {estate.of_job('analyst')[0].login} on "
        f"{iso_utc(tester.start + 4 * DAY)[:10]}.",
        f"Staff in Bellevue work in Pacific time (UTC{hours:+d} in summer), a few from Chicago.",
        f"The router {estate['edge'].name} was taken off the network on 2026-08-04 16:20 UTC.",
    ]  # fmt: skip


OFFSITE = "198.51.100.200"


def _write(path: Path, rows: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), "utf-8")
