"""The review as OSCAL 1.1 (NIST): assessment results, and a plan of action and milestones.

Format: NIST, Open Security Controls Assessment Language 1.1.3, assessment-results and plan-of-action-and-milestones.
A safeguard that was not measured is a finding *not satisfied* with reason ``other`` and a property that says so: OSCAL
has no third state, and silence would read as a pass. UUIDs are named by case and subject: they stay from run to run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import TableError
from amends.report import review_words as say
from amends.report.review import review_data
from amends.tables.custody import EXHIBITS

Json = dict[str, Any]  # a node of an OSCAL document
Row = dict[str, Any]  # a row of report/review.py

VERSION = "1.1.3"
NAMESPACE = "urn:amends:oscal"
_SPACE = "6f1d8a3e-0a83-5f0e-9a5b-6c0d53b7b1c4"
_REASON = {
    "met": "pass",
    "closed": "pass",
    "not_met": "fail",
    "accepted": "fail",
    "not_measured": "other",
}
_RISK = {
    "not_met": "open",
    "closed": "closed",
    "accepted": "deviation-approved",
    "not_measured": "investigating",
}
PLACES = 50
PROOF = 100
"""Places and pieces of evidence told a finding; the rest is in the table."""


def assessment_results(case: Case) -> Json:
    """Return the review as OSCAL assessment results, the same for the same run.

    Raises:
        TableError: There is no review yet.
    """
    told = _Told(case)
    gaps = told.r["gaps"]
    measured = sorted({g["measured_at"] for g in gaps if g["measured_at"]})
    start, end = (
        (_instant(measured[0]), _instant(measured[-1]))
        if measured
        else (told.made_at, told.made_at)
    )
    result: Json = {
        "uuid": told.uuid("result", told.r["run"]),
        "title": f"Run {told.r['run']}",
        "description": " ".join(told.r["head"]["says"]),
        "start": start,
        "end": end,
        "props": [
            _prop("run", told.r["run"]),
            *(_prop(f"n-{k}", str(v)) for k, v in told.counts()),
        ],
        **_some("local-definitions", _some("inventory-items", told.inventory())),
        "reviewed-controls": _reviewed(gaps),
        **_some("observations", [o for g in gaps if (o := told.observation(g))]),
        **_some("risks", [told.risk(g) for g in gaps if g["stands"] in _RISK]),
        **_some("findings", [told.finding(g) for g in gaps]),
    }
    plan = {"uuid": told.uuid("resource", "plan"), "title": "How the safeguards are measured",
            "description": "Amends holds the facts of the case against its own table of findings and controls; "
            "the gap report says how each status is reckoned."}  # fmt: skip
    return {
        "assessment-results": {
            "uuid": told.uuid("document", "assessment-results"),
            "metadata": told.metadata("safeguards after a breach, measured"),
            "import-ap": {"href": f"#{plan['uuid']}"},
            "results": [result],
            "back-matter": {"resources": [plan, *told.resources()]},
        }
    }


def plan_of_action(case: Case) -> Json:
    """Return the roadmap as an OSCAL plan of action and milestones, the same for the same run.

    Raises:
        TableError: There is no review yet, or nothing is planned.
    """
    told = _Told(case)
    items = told.r["roadmap"]
    if not items:
        raise TableError(
            "There is no work to plan: the roadmap is empty",
            where=case.name,
            remedy="export oscal-assessment-results instead",
        )
    wanted = {g["gap_id"]: g for i in items for g in i["gaps"]}
    gaps = [g for g in told.r["gaps"] if g["gap_id"] in wanted]
    by_gap = {g["gap_id"]: i for i in reversed(items) for g in i["gaps"]}
    return {
        "plan-of-action-and-milestones": {
            "uuid": told.uuid("document", "poam"),
            "metadata": told.metadata("plan of action and milestones"),
            "system-id": {
                "identifier-type": "http://ietf.org/rfc/rfc4122",
                "id": told.uuid("system", case.name),
            },
            **_some("local-definitions", _some("inventory-items", told.inventory())),
            **_some("observations", [o for g in gaps if (o := told.observation(g))]),
            **_some(
                "risks", [told.risk(g, by_gap[g["gap_id"]]) for g in gaps if g["stands"] in _RISK]
            ),
            **_some("findings", [told.finding(g) for g in gaps]),
            "poam-items": [told.item(i) for i in items],
            **_some("back-matter", _some("resources", told.resources())),
        }
    }


class _Told:
    """The review of a case, and how its parts are named in OSCAL."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.r = review_data(case)
        run = case.ledger.last("run")
        self.made_at = run.at if run else "1970-01-01T00:00:00Z"

    def uuid(self, kind: str, what: str) -> str:
        return ids.named_uuid(_SPACE, f"{self.case.case_id}|{kind}|{what}")

    def counts(self) -> Iterable[tuple[str, int]]:
        return ((k.replace("_", "-"), n) for k, n in self.r["counts"].items() if k != "all")

    def metadata(self, title: str) -> Json:
        return {
            "title": _line(f"{self.r['entity']}: {title}"),
            "last-modified": self.made_at,
            "version": self.r["run"],
            "oscal-version": VERSION,
            "roles": [{"id": "owner", "title": "Office that answers for a safeguard"}],
            "parties": [
                {"uuid": self.uuid("party", owner), "type": "organization", "name": owner}
                for owner in self._owners()
            ],
        }

    def _owners(self) -> list[str]:
        rows = (*self.r["gaps"], *self.r["roadmap"])
        return sorted({_line(row["owner"]) for row in rows}) or [_line(self.r["entity"])]

    def inventory(self) -> list[Json]:
        places = sorted({_line(p) for g in self.r["gaps"] for p in (g["places"] or [])[:PLACES]})
        return [{"uuid": self.uuid("place", p), "description": p} for p in places]

    def resources(self) -> list[Json]:
        """Return the exhibits that evidence names, with their digests."""
        wanted = {e["id"] for g in self.r["gaps"] for e in g["proof"] if e["kind"] == "exhibit"}
        if not wanted or not self.case.has(EXHIBITS):
            return []
        rows = self.case.engine.arrow(
            f"SELECT exhibit_id, path, sha256 FROM {self.case.read(EXHIBITS)} ORDER BY exhibit_id"
        ).to_pylist()
        return [
            {
                "uuid": self.uuid("resource", row["exhibit_id"]),
                "title": _line(f"Exhibit {row['exhibit_id']}"),
                "description": row["path"] or row["exhibit_id"],
                **_some("props", [_prop("sha256", row["sha256"])] if row["sha256"] else []),
                "document-ids": [{"scheme": "urn:amends:exhibit", "identifier": row["exhibit_id"]}],
            }
            for row in rows
            if row["exhibit_id"] in wanted
        ]

    def links(self, gap: Row) -> list[Json]:
        """Return references to the exhibits that a gap rests on."""
        exhibits = dict.fromkeys(e["id"] for e in gap["proof"] if e["kind"] == "exhibit")
        return [{"href": f"#{self.uuid('resource', e)}", "rel": "reference"} for e in exhibits]

    def observation(self, gap: Row) -> Json | None:
        """Return what was looked at; ``None`` where nothing was: an observation needs a date."""
        if gap["measured_at"] is None:
            return None
        evidence = [
            {
                **(
                    {"href": f"#{self.uuid('resource', e['id'])}"} if e["kind"] == "exhibit" else {}
                ),
                "description": "; ".join(
                    filter(None, (f"{e['id']} ({e['kind']})", e["says"], e["place"]))
                ),
            }
            for e in gap["proof"][:PROOF]
        ]
        return {
            "uuid": self.uuid("observation", gap["gap_id"]),
            "title": _line(gap["title"]),
            "description": gap["why"] or gap["title"],
            "props": [_prop("measure", gap["measure_id"]), _prop("value", gap["value_shown"]),
                      *([_prop("target", gap["target_shown"])] if gap["target_shown"] else [])],
            **_some("links", self.links(gap)),
            "methods": ["EXAMINE"],
            "types": ["control-objective"],
            **_some("subjects", [self._subject(_line(p)) for p in (gap["places"] or [])[:PLACES]]),
            **_some("relevant-evidence", evidence),
            "collected": _instant(gap["measured_at"]),
        }  # fmt: skip

    def _subject(self, place: str) -> Json:
        return {"subject-uuid": self.uuid("place", place), "type": "inventory-item", "title": place}

    def finding(self, gap: Row) -> Json:
        """Return a safeguard as a finding on its control's objective."""
        stands = gap["stands"]
        state = "satisfied" if stands in ("met", "closed") else "not-satisfied"
        observed = gap["measured_at"] is not None
        return {
            "uuid": self.uuid("finding", gap["gap_id"]),
            "title": _line(gap["title"]),
            "description": gap["why"] or gap["title"],
            "props": self._props(gap),
            "target": {
                "type": "objective-id",
                "target-id": f"{oscal_id(gap['control_id'])}_obj",
                "status": {"state": state, "reason": _REASON[stands], "remarks": _remarks(gap)},
            },
            **_some("related-observations",
                    [{"observation-uuid": self.uuid("observation", gap["gap_id"])}] if observed else []),
            **_some("related-risks", [{"risk-uuid": self.uuid("risk", gap["gap_id"])}] if stands in _RISK else []),
        }  # fmt: skip

    def _props(self, gap: Row) -> list[Json]:
        told = {
            "gap-id": gap["gap_id"], "rule-id": gap["rule_id"], "control-id": oscal_id(gap["control_id"]),
            "status": "NOT MEASURED" if gap["stands"] == "not_measured" else gap["status_shown"],
            "csf-2-0": gap["csf_id"], "cause": gap["cause_shown"], "gao-18-559": gap["gao_shown"],
            "on-the-intruders-way": "yes" if gap["on_path"] else "no", "state": gap["state"], "owner": gap["owner"],
            "failed-on": gap["failed_on_shown"], "closed-on": gap["closed_on_shown"],
            "accepted-until": gap["accepted_until_on_shown"],
        }  # fmt: skip
        made = [_prop(name, value) for name, value in told.items() if value]
        return made + [_prop("attack-technique", t) for t in gap["techniques"] or [] if t]

    def risk(self, gap: Row, item: Row | None = None) -> Json:
        """Return what a safeguard that fails may cost people, and what is planned."""
        facets = [("people-exposed", gap["persons"]), ("people-out-of-reach-once-done", gap["persons_removed"]),
                  ("working-days", gap["effort_days"]), ("order-of-work", gap["rank"])]  # fmt: skip
        facts = [
            {"name": n, "system": NAMESPACE, "value": say.number(v).replace(",", "")}
            for n, v in facets
            if v is not None
        ]
        tool = {"type": "tool", "actor-uuid": self.uuid("tool", "Amends")}
        until = gap["accepted_until_on"]
        return {
            "uuid": self.uuid("risk", gap["gap_id"]),
            "title": _line(gap["title"]),
            "description": gap["why"] or gap["title"],
            "statement": f"{say.people(gap['persons'])} exposed by the open evidence."
            if gap["persons"] is not None else "How many people it exposes is not known.",
            "status": _RISK[gap["stands"]],
            "characterizations": [{"origin": {"actors": [tool]}, "facets": facts}],
            **({"deadline": _instant(item["due_on"] if item else until)} if (item and item["due_on"]) or until else {}),
            **_some("remediations", [self._response(gap, item)] if gap["remedy"] else []),
        }  # fmt: skip

    def _response(self, gap: Row, item: Row | None) -> Json:
        done = gap["stands"] == "closed"
        tasks = []
        if item and item["due_on"]:
            tasks = [
                {
                    "uuid": self.uuid("task", f"{item['item_id']} {gap['gap_id']}"),
                    "type": "milestone",
                    "title": _line(item["title"]),
                    "props": [_prop("owner", item["owner"] or "not said"), _prop("horizon", item["horizon"]),
                              *(_prop(f"target-{q}", v) for q, v in item["targets_shown"] if v)],
                    "timing": {"on-date": {"date": _instant(item["due_on"])}},
                }
            ]  # fmt: skip
        return {
            "uuid": self.uuid("response", gap["gap_id"]),
            "lifecycle": "completed" if done else "planned",
            "title": _line(gap["remedy"]),
            "description": gap["remedy"],
            **_some("tasks", tasks),
        }

    def item(self, item: Row) -> Json:
        """Return a piece of work as an item of the plan."""
        gaps = item["gaps"]
        told = {
            "poam-id": item["item_id"], "order": str(item["rank"]), "horizon": item["horizon"], "owner": item["owner"],
            "due": item["due_shown"], "state": item["state"], "measure": item["measure_id"],
            "value": item["value_shown"],
            "working-days": "" if item["effort_days"] is None else say.number(item["effort_days"]),
            "people-out-of-reach-once-done": "" if item["persons_removed"] is None else str(item["persons_removed"]),
        }  # fmt: skip
        remedies = list(dict.fromkeys(g["remedy"] for g in gaps if g["remedy"]))
        return {
            "uuid": self.uuid("poam-item", item["item_id"]),
            "title": _line(item["title"]),
            "description": " ".join(remedies) or item["title"],
            "props": [
                *(_prop(name, value) for name, value in told.items() if value),
                *(_prop("control-id", c) for c in dict.fromkeys(oscal_id(g["control_id"]) for g in gaps)),
                *(_prop(f"target-{q}", v) for q, v in item["targets_shown"] if v),
            ],
            **_some("related-findings", [{"finding-uuid": self.uuid("finding", g["gap_id"])} for g in gaps]),
            **_some("related-observations", [{"observation-uuid": self.uuid("observation", g["gap_id"])}
                                             for g in gaps if g["measured_at"] is not None]),
            **_some("related-risks", [{"risk-uuid": self.uuid("risk", g["gap_id"])}
                                      for g in gaps if g["stands"] in _RISK]),
        }  # fmt: skip


def oscal_id(control: str) -> str:
    """Return a control's id as the OSCAL catalogue writes it: ``SC-7(5)`` is ``sc-7.5``."""
    return control.lower().replace("(", ".").replace(")", "").replace(" ", "") or "none"


def _remarks(gap: Row) -> str:
    match gap["stands"]:
        case "not_measured":
            return f"NOT MEASURED. There is no evidence either way; this is not a pass. {gap['to_measure']}".strip()
        case "accepted":
            until = (
                f" until {gap['accepted_until_on_shown']}" if gap["accepted_until_on_shown"] else ""
            )
            return f"Not met; the risk is accepted{until}."
        case "closed":
            on = f" on {gap['closed_on_shown']}" if gap["closed_on_shown"] else ""
            return f"Failed in the breach; proved closed{on}."
        case stands:
            return f"{say.STATUS[stands].capitalize()} by evidence of {gap['measured_at_shown'] or 'no date'}."


def _reviewed(gaps: list[Row]) -> Json:
    """Return the controls that were measured: one that was not is not reviewed. All, where none was."""
    some = [g for g in gaps if g["stands"] != "not_measured"] or gaps
    wanted = sorted({oscal_id(g["control_id"]) for g in some})
    return {
        "description": "Controls on which there is evidence; those not measured are not among them.",
        "control-selections": [{"include-controls": [{"control-id": c} for c in wanted]}],
    }


def _prop(name: str, value: str) -> Json:
    return {"name": _token(name), "ns": NAMESPACE, "value": _line(value)}


def _token(text: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text) or "x"


def _line(text: str) -> str:
    """Return text as a title or property takes it: one line, not empty."""
    return " ".join(str(text).split()) or "not said"


def _some(name: str, value: Any) -> Json:
    """Return a member, or nothing where it would be empty: OSCAL allows no empty lists."""
    return {name: value} if value else {}


def _instant(value: datetime | date) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
