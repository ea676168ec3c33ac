"""What others tell: scanners, the company's vault, and dated proofs of what no evidence of a breach can show."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from amends.controls.catalogue import measure_kinds, rules
from amends.controls.measures.base import (
    HIDES,
    PLACES,
    Finding,
    Ground,
    Measured,
    day,
    instant,
    many,
    not_measured,
    number,
    said,
    texts,
)
from amends.tables.custody import EXHIBITS
from amends.tables.paths import PATH_FIXES

PROOF_DAYS = 365
"""A proof holds for a year. Source: 16 CFR 314.4(d)(2) and (i): testing and report at least once a year."""


def findings(ground: Ground) -> list[Finding]:
    """Return what others tell."""
    return [_scanners(ground), *_vault(ground), *_proofs(ground)]


# scanners


def open_way_hosts(ground: Ground) -> list[str]:
    """Return the machines that open ways go through, lower case, sorted."""
    if not ground.has(PATH_FIXES):
        return []
    return texts(
        ground.row(
            f"""SELECT COALESCE(LIST(DISTINCT LOWER(p) ORDER BY LOWER(p)), []) AS hosts FROM (
                    SELECT UNNEST(places) AS p FROM {ground.name(PATH_FIXES)}
                    WHERE moment = 'now' AND subject <> '' AND "group" <> 'closure' AND n_on_ways > 0)"""
        )["hosts"]
    )


def reachable(ground: Ground) -> int:
    """Return the people whom open ways reach."""
    if not ground.has(PATH_FIXES):
        return 0
    row = ground.row(
        f"SELECT MAX(persons_before) AS n FROM {ground.name(PATH_FIXES)} WHERE moment = 'now'"
    )
    return number(row["n"])


def _scanners(ground: Ground) -> Finding:
    """Return the critical and high findings that are open.

    A scan of ports lists what answers and looks for no weakness: where all that scanners say is of the kind info,
    nothing is measured.
    """
    kind, measure = "scanner_findings", "open_scanner_findings"
    if not ground.findings:
        return not_measured(
            kind, measure, "add the results of a scanner (SARIF, Nmap, CSV, OSCAL) as an inventory"
        )
    ways = ground.listed("controls_way_hosts", open_way_hosts(ground))
    try:
        row = ground.row(
            f"""WITH f AS (
                    SELECT *, status = 'open' AND severity IN ('critical', 'high') AS is_bad,
                           LOWER(regexp_extract(place, '^[^:/ ]+')) IN (SELECT value FROM {ways}) AS on_way
                    FROM {ground.findings} WHERE status <> 'unread')
                SELECT COUNT(*) FILTER (severity <> 'info') AS n_all, COUNT(*) FILTER (is_bad) AS n,
                       COUNT(*) FILTER (is_bad AND on_way) AS n_way,
                       COALESCE(LIST(scan_id ORDER BY on_way DESC, severity, scan_id) FILTER (is_bad), [])[1:20] AS ids,
                       COALESCE(LIST(DISTINCT place ORDER BY place) FILTER (is_bad), [])[1:{PLACES}] AS places,
                       MAX(found_at) AS at, MIN(found_at) FILTER (is_bad) AS first_at
                FROM f"""
        )
    finally:
        ground.engine.drop("controls_way_hosts")
    at = instant(row["at"]) or _inventory_day(ground)
    if not number(row["n_all"]) or at is None:
        return not_measured(
            kind, measure, "add the results of a scanner (SARIF, Nmap, CSV, OSCAL) with its date as an inventory"
        )  # fmt: skip
    count, on_way = number(row["n"]), number(row["n_way"])
    return Finding(
        kind,
        Measured(measure, float(count), at, tuple(texts(row["ids"])) or ("scanner_findings",)),
        f"{many(count, 'critical or high finding')} of {number(row['n_all']):,} {'is' if count == 1 else 'are'} open, "
        f"{on_way:,} on machines that open ways go through.",
        fails=count > 0,
        persons=reachable(ground) if on_way else 0,
        places=tuple(texts(row["places"])),
        failed_on=day(row["first_at"]) or (at.date() if count else None),
    )  # fmt: skip


def _inventory_day(ground: Ground) -> datetime | None:
    if not ground.has(EXHIBITS):
        return None
    return instant(
        ground.row(
            f"SELECT MAX(COALESCE(as_of_on, CAST(received_at AS DATE))) AS at FROM {ground.name(EXHIBITS)} "
            "WHERE role = 'inventory'"
        )["at"]
    )


# the company's vault


def _vault(ground: Ground) -> list[Finding]:
    """Return what the audit of the company's vault says: nobody's word counts but its own."""
    found = ground.vault
    needs = str(found.get("why_not") or "") or (
        "name the company's vault in case.toml: [controls] vault = FOLDER (amends vault new, amends vault serve)"
    )
    at = instant(found.get("at"))
    if at is None:
        return [
            not_measured("brake", "persons_per_day", needs),
            not_measured("canaries", "canaries", needs),
        ]
    people, canaries = number(found.get("persons_per_day")), number(found.get("canaries"))
    fault = str(found.get("fault") or "")
    told = f"{many(people, 'person', 'people')} may be read in a day at most, as of {said(at)}."
    if fault:
        told = f"The audit of the vault is not whole: {fault}."
    return [
        _of_vault(ground, "brake", "persons_per_day", people, at, told, bool(fault)),
        _of_vault(
            ground, "canaries", "canaries", canaries, at,
            f"{many(canaries, 'canary stands', 'canaries stand')} among the tokens, as of {said(at)}.", False,
        ),
    ]  # fmt: skip


def _of_vault(
    ground: Ground, kind: str, measure: str, value: int, at: datetime, why: str, broken: bool
) -> Finding:
    wrong = broken or not measure_kinds()[measure].is_reached(float(value))
    return Finding(
        kind, Measured(measure, float(value), at, ("vault audit",)), why, fails=wrong,
        persons=ground.persons if wrong else 0, observed=HIDES,
        failed_on=at.date() if wrong else None,
    )  # fmt: skip


# proofs


def _proofs(ground: Ground) -> list[Finding]:
    """Return for each rule that only a dated exhibit can prove whether one does.

    A proof is a decision that names the rule and the exhibit; its day is the exhibit's, and it holds for a year.
    """
    wanted = [r for r in rules() if r.finding.startswith("proof_")]
    days = _exhibit_days(ground)
    proved = 0
    found: list[Finding] = []
    for rule in wanted:
        best = max(
            ((on, choice, exhibit) for r, exhibit, choice in ground.proofs
             if r.upper() == rule.id and (on := days.get(exhibit))),
            default=None,
        )  # fmt: skip
        fresh = best is not None and best[0] >= ground.today - timedelta(days=PROOF_DAYS)
        proved += bool(fresh and best and best[1] == "met")
        found.append(_proof(rule.finding, rule.id, best, fresh))
    share = round(proved / len(wanted), 4) if wanted else 0.0
    return [
        f if f.measured.value is None else Finding(
            **{**f.__dict__, "measured": Measured("proofs", share, f.measured.at, f.measured.evidence)}
        )
        for f in found
    ]  # fmt: skip


def _proof(kind: str, rule: str, best: tuple[date, str, str] | None, fresh: bool) -> Finding:
    how = f"add its record as an exhibit (--as-of DAY), then: amends decide CASE proof {rule} EXHIBIT --choose met"
    if best is None:
        return not_measured(kind, "proofs", how)
    on, choice, exhibit = best
    if not fresh:
        return not_measured(
            kind, "proofs", f"the proof of {said(on)} ({exhibit}) is older than a year: {how}"
        )
    word = "shows that it is done" if choice == "met" else "shows that it is not done"
    return Finding(
        kind, Measured("proofs", 0.0, instant(on), (exhibit,)), f"{exhibit} of {said(on)} {word}.",
        fails=choice != "met",
        failed_on=on if choice != "met" else None,
    )  # fmt: skip


def _exhibit_days(ground: Ground) -> dict[str, date]:
    if not ground.proofs or not ground.has(EXHIBITS):
        return {}
    rows = ground.rows(
        f"SELECT exhibit_id, COALESCE(as_of_on, CAST(received_at AS DATE)) AS on_day FROM {ground.name(EXHIBITS)}"
    )
    return {str(r["exhibit_id"]): on for r in rows if (on := day(r["on_day"]))}
