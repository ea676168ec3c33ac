"""The company's lists as CSV: assets, services, accounts, grants, stores, KEV and EPSS.

A list is known by its header, not by its name; extra columns are ignored and missing optional ones are fine. Any
delimiter of ``, ; tab |`` and any usual encoding is read. KEV: https://www.cisa.gov/known-exploited-vulnerabilities-catalog
(``cveID`` …); EPSS: https://www.first.org/epss/data_stats (a comment line, then ``cve,epss,percentile``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from amends.paths.collectors.base import Input, cves_of, protocol_of
from amends.paths.collectors.seen import (
    AccountSeen,
    AssetSeen,
    ExploitedSeen,
    GrantSeen,
    LookedSeen,
    ServiceSeen,
    Sighting,
    StoreSeen,
)
from amends.paths.shapes import Reject

Row = dict[str, str]

WORDS = {
    "asset": "asset host hostname machine server device node computer system asset_name name",
    "ip": "ip ip_address ipaddress ip_addr ips address addresses ipv4 ipv6 ip_addresses inside_ip outside_ip "
    "public_ip private_ip mgmt_ip management_ip",
    "zone": "zone network_zone segment security_zone network vlan subnet_zone",
    "role": "role type kind function purpose",
    "port": "port ports tcp_port service_port dst_port listen_port",
    "protocol": "protocol proto transport",
    "service": "service service_name svc application app",
    "auth": "auth authentication auth_method login",
    "mfa": "mfa 2fa two_factor multi_factor multifactor",
    "lockout": "lockout lock_out account_lockout locks_out",
    "product": "product software version banner",
    "cve": "cve cves cve_id cve_ids vulnerabilities vulnerability cveid",
    "identity": "identity account user username user_name login_name principal grantee role_name",
    "fingerprint": "secret_fingerprint fingerprint secret_sha256 current_secret_fingerprint secret_hash "
    "credential_fingerprint",
    "store": "store database db bucket data_store datastore store_name",
    "privilege": "privilege privileges permission permissions right rights access grant_type privilege_type",
    "persons": "persons people person_count n_persons records_of_persons individuals",
    "elements": "elements data_elements element data",
    "epss": "epss epss_score",
    "percentile": "percentile",
    "vendor": "vendorproject dateadded requiredaction duedate vulnerabilityname",
    "table_catalog": "table_catalog table_schema",
}
COLUMN = {word: name for name, words in WORDS.items() for word in words.split()}


@dataclass(frozen=True)
class Kind:
    """A kind of list: the columns that must be there, and those that must not."""

    name: str
    needs: frozenset[str]
    lacks: frozenset[str] = frozenset()


KINDS = (
    Kind("kev", frozenset({"cve", "vendor"}), frozenset({"asset", "port"})),
    Kind("epss", frozenset({"cve", "epss"}), frozenset({"asset", "port"})),
    Kind("accounts", frozenset({"identity", "fingerprint"})),
    Kind("grants", frozenset({"identity", "store"})),
    Kind("grants", frozenset({"identity", "table_catalog", "privilege"})),
    Kind("accounts", frozenset({"identity", "asset"})),
    Kind("stores", frozenset({"store", "persons"})),
    Kind("stores", frozenset({"store", "elements"})),
    Kind("stores", frozenset({"store", "asset"})),
    Kind("services", frozenset({"asset", "port"})),
    Kind("assets", frozenset({"asset", "ip"})),
    Kind("assets", frozenset({"asset", "zone"})),
    Kind("kev", frozenset({"cve"}), frozenset({"asset", "port", "store", "identity", "epss"})),
)

YES = frozenset(
    {"yes", "y", "true", "1", "on", "enabled", "required", "enforced", "ja", "si", "sí", "oui"}
)
NO = frozenset({"no", "n", "false", "0", "off", "disabled", "none", "nein", "non", "missing"})


def said(text: str) -> bool | None:
    """Return yes or no; ``None`` where a cell says neither."""
    word = text.strip().lower()
    return True if word in YES else False if word in NO else None


def _plain(name: str) -> str:
    return re.sub(
        r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z]{2,})", "_", name.strip()).lower()
    ).strip("_")


def _columns(cells: list[str]) -> dict[int, str]:
    """Return which of our columns each cell of a header is; the first of a kind wins, addresses may be many."""
    out: dict[int, str] = {}
    plain = [_plain(cell) for cell in cells]
    order = sorted(range(len(plain)), key=lambda i: (plain[i] not in WORDS, i))
    for index in order:
        name = COLUMN.get(plain[index]) or COLUMN.get(plain[index].replace("_", ""))
        if name and (name == "ip" or name not in out.values()):
            out[index] = name
    return out


def kind_of(cells: list[str]) -> str:
    """Return which kind of list a header is of, "" for none."""
    have = set(_columns(cells).values())
    for kind in KINDS:
        if kind.needs <= have and not kind.lacks & have:
            return kind.name
    return ""


def _header(source: Input) -> tuple[int, str, list[str]] | None:
    """Return the line of the header, its delimiter and its cells."""
    for number, line in enumerate(source.head.split("\n")[:30]):
        text = line.strip()
        if not text or text.startswith("#") or len(text) > 20_000:
            continue
        for delimiter in ",;\t|":
            try:
                cells = next(csv.reader([text], delimiter=delimiter))
            except (csv.Error, StopIteration):
                continue
            if len(cells) > 1 and kind_of(cells):
                return number, delimiter, cells
        bare = [text.strip('"')]
        return (number, ",", bare) if kind_of(bare) else None
    return None


class Inventory:
    """Lists as CSV."""

    name = "inventory"

    def detect(self, source: Input) -> bool:
        """Answer whether a header of a known list stands at the top."""
        return not source.head.lstrip().startswith(("<", "{", "[")) and _header(source) is not None

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield a sighting a row."""
        found = _header(source)
        if found is None:
            return
        skipped, delimiter, cells = found
        kind = kind_of(cells)
        columns = _columns(cells)
        yield LookedSeen(kind, source.path)
        lines = source.text.split("\n")[skipped + 1 :]
        reader = csv.reader(_safe(lines), delimiter=delimiter)
        make = MAKERS[kind]
        seen_header = [cell.strip().lower() for cell in cells]
        while True:
            try:
                values = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield _bad(source, skipped + 1 + reader.line_num, "malformed_row")
                continue
            if not any(value.strip() for value in values):
                continue
            if [value.strip().lower() for value in values] == seen_header:
                continue
            place = f"{source.path}:{skipped + 1 + reader.line_num}"
            row: Row = {}
            for index, name in columns.items():
                if index < len(values) and values[index].strip():
                    value = values[index].strip()
                    row[name] = f"{row[name]} {value}" if name in row else value
            yield from make(row, place, set(columns.values()))


def _safe(lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield line.replace("\0", "") + "\n"


def _bad(source: Input, line: int, reason: str) -> Reject:
    return Reject(f"{source.path}:{line}", reason, "Mend the row and add the list again.")


def _row_reject(place: str, missing: str) -> Reject:
    return Reject(place, "malformed_row", f"Fill in {missing} and add the list again.")


def _assets(row: Row, place: str, _: set[str]) -> Iterator[Sighting]:
    if not row.get("asset"):
        yield _row_reject(place, "the asset's name")
        return
    ips = tuple(word for word in re.split(r"[\s,;|]+", row.get("ip", "")) if word)
    yield AssetSeen(row["asset"], place, ips, row.get("zone", ""), row.get("role", ""))


def _services(row: Row, place: str, _: set[str]) -> Iterator[Sighting]:
    wanted = [word for word in re.split(r"[\s,;|]+", row.get("port", "")) if word]
    if not row.get("asset") or not wanted:
        yield _row_reject(place, "asset and port")
        return
    for word in wanted:
        text = (
            f"{word}/{row['protocol'].lower()}" if row.get("protocol") and "/" not in word else word
        )
        port = protocol_of(text, -1) or protocol_of(word, -1)
        if port is None:
            yield _row_reject(place, "a port from 0 to 65535")
            continue
        yield ServiceSeen(
            row["asset"],
            *port,
            place,
            auth=row.get("auth", "").lower(),
            mfa=said(row.get("mfa", "")),
            lockout=said(row.get("lockout", "")),
            product=" ".join(row.get(name, "") for name in ("service", "product")).strip(),
            cves=cves_of(row.get("cve", "")),
        )


def _accounts(row: Row, place: str, have: set[str]) -> Iterator[Sighting]:
    if not row.get("identity"):
        yield _row_reject(place, "the identity")
        return
    port = protocol_of(row.get("port", ""), -1) or (0, "tcp")
    fingerprint = row.get("fingerprint", "") if "fingerprint" in have else None
    yield AccountSeen(row["identity"], row.get("asset", ""), port[0], fingerprint, place)


def _grants(row: Row, place: str, _: set[str]) -> Iterator[Sighting]:
    store = row.get("store") or row.get("table_catalog", "")
    if not row.get("identity") or not store:
        yield _row_reject(place, "identity and store")
        return
    listed = "store" in row
    yield GrantSeen(
        row["identity"], store, row.get("privilege", "read"), place, row.get("asset", ""), listed
    )


def _stores(row: Row, place: str, _: set[str]) -> Iterator[Sighting]:
    if not row.get("store"):
        yield _row_reject(place, "the store's name")
        return
    digits = re.sub(r"[\s,_.']", "", row.get("persons", ""))
    if digits and not digits.isdecimal():
        yield _row_reject(place, "a number of persons")
    elements = tuple(
        word for word in re.split(r"[\s,;|+]+", row.get("elements", "").lower()) if word
    )
    port = protocol_of(row.get("port", ""), -1) or (0, "tcp")
    yield StoreSeen(
        row["store"],
        place,
        row.get("asset", ""),
        port[0],
        int(digits) if digits.isdecimal() and len(digits) < 16 else None,
        elements,
    )


def _kev(row: Row, place: str, _: set[str]) -> Iterator[Sighting]:
    numbers = cves_of(row.get("cve", ""))
    if not numbers:
        yield _row_reject(place, "a CVE number")
    for number in numbers:
        yield ExploitedSeen(number, place)


def _epss(row: Row, place: str, _: set[str]) -> Iterator[Sighting]:
    try:
        share = float(row.get("epss", ""))
    except ValueError:
        yield _row_reject(place, "the EPSS share")
        return
    for number in cves_of(row.get("cve", "")):
        yield ExploitedSeen(number, place, share)


MAKERS: dict[str, Callable[[Row, str, set[str]], Iterator[Sighting]]] = {
    "assets": _assets,
    "services": _services,
    "accounts": _accounts,
    "grants": _grants,
    "stores": _stores,
    "kev": _kev,
    "epss": _epss,
}

INVENTORY = Inventory()
