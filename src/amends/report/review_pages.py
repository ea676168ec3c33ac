"""The review as pages: one HTML file that needs nothing else, and a PDF a board reads in a few pages."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import typst

from amends.kernel.case import Case
from amends.kernel.errors import TableError
from amends.report import review_words as say
from amends.report.review import plain, review_data

_TEMPLATES = Path(__file__).parent / "templates"
PARTS = {"gap-report": ("head", "roadmap"), "roadmap": ("roadmap",)}
TITLES = {
    "gap-report": "Which safeguards failed, and what to do",
    "roadmap": "Roadmap of safeguards",
}
PAPERS = ("us-letter", "a4")


def review_html(case: Case, name: str = "gap-report") -> str:
    """Return the review, or only its roadmap, as one HTML page without script that needs nothing else."""
    return (
        _environment()
        .get_template("review.html.j2")
        .render(r=review_data(case), parts=PARTS[name], title=TITLES[name], method=method())
        .lstrip()
    )


def review_pdf(case: Case, name: str = "gap-report", paper: str = "us-letter") -> bytes:
    """Return the review as a PDF, the same bytes for the same run.

    Args:
        case: The case.
        name: ``gap-report`` or ``roadmap``.
        paper: One of ``PAPERS``.

    Raises:
        TableError: The typesetter refuses.
    """
    told = {
        **on_paper(review_data(case)),
        "title": TITLES[name],
        "parts": PARTS[name],
        "paper": paper,
        "method": method(),
    }
    try:
        made = typst.compile(
            (_TEMPLATES / "review.typ").read_bytes(), format="pdf",
            sys_inputs={"review": json.dumps(plain(told), ensure_ascii=False)}, ignore_system_fonts=True, timestamp=0,
        )  # fmt: skip
    except typst.TypstError as error:
        raise TableError(
            "The typesetter refuses the review",
            where="out/",
            remedy="export it as .html, and report this with the version of Amends",
        ) from error
    assert isinstance(made, bytes)
    return made


@cache
def method() -> tuple[tuple[str, str], ...]:
    """Return how everything was reckoned: what is explained, and the words."""
    told = tomllib.loads((_TEMPLATES / "review_method.toml").read_text("utf-8"))
    return tuple((row["term"], row["words"]) for row in told["row"])


def on_paper(r: dict[str, Any]) -> dict[str, Any]:
    """Return the review as the typesetter takes it: text only, in the order of the pages."""
    return {
        **{name: r[name] for name in ("entity", "case", "run", "run_on", "measured_on", "counts", "causes")},
        "says": r["head"]["says"],
        "figures": [list(f) for f in r["head"]["figures"]],
        "fixes": [{"title": f["title"], "words": _fix_words(f)} for f in r["head"]["fixes"]],
        "unmeasured": [[g["title"], g["control_id"], g["to_measure"]] for g in r["unmeasured"]],
        "top": [_gap(g) for g in r["top"]],
        "n_failed": r["counts"]["not_met"] + r["counts"]["closed"],
        "gao": [[c["words"], f"{len(c['failed'])} of {c['n']}", str(c["n_unmeasured"])] for c in r["gao"]],
        "kpis": [
            {"title": m["title"], "verdict": m["verdict"], "value": m["shown"], "target": m["target_shown"],
             "why_not": m["why_not"], "on": m["measured_on"]}
            for m in r["kpis"]
        ],
        "horizons": [
            {"words": h["words"], "due": h["due"], "days": amount(h["days"]), "items": [_item(i) for i in h["items"]]}
            for h in r["horizons"]
        ],
        "changes": {k: [[g["title"], g["status_shown"]] for g in v] for k, v in r["changes"].items()},
        "accepted": [[g["title"], g["control_id"], g["accepted_until_on_shown"] or "no end: ask why", g["owner"]]
                     for g in r["accepted"]],
        "risk": [
            {"words": k["words"], "range": k["range"], "from": k["from_at"], "to": k["to_at"],
             "all": k["item"] == "all"}
            for k in r["risk"]
        ],
        "findings": [[s["severity"], f"{s['n_open']:,}", f"{s['n_closed']:,}", f"{s['n_suppressed']:,}"]
                     for s in r["findings"]["by_severity"]],
        "unread": len(r["findings"]["unread"]),
        "gaps": [_gap(g) for g in r["gaps"]],
    }  # fmt: skip


def _fix_words(f: dict[str, Any]) -> str:
    by = f", by {f['due_shown']}" if f["due_shown"] else ""
    return (
        f"Alone it takes {say.people(f['persons_removed'])} out of reach of every open way. "
        f"{f['owner']}, {amount(f['effort_days'])} working days{by}."
    )


def _gap(g: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": g["title"], "why": g["why"], "stands": g["stands"], "status": g["status_shown"], "way": g["on_path"],
        "control": f"{g['control_id']} {g['control_title']}", "csf": g["csf_id"], "cause": g["cause_shown"],
        "people": "–" if g["persons"] is None else f"{g['persons']:,}",
        "removed": "–" if g["persons_removed"] is None else f"{g['persons_removed']:,}",
        "owner": g["owner"], "days": amount(g["effort_days"]), "value": g["value_shown"], "target": g["target_shown"],
        "measure": g["measure_title"], "remedy": g["remedy"], "back": g["state"] == "reopened",
        "closed_on": g["closed_on_shown"], "until": g["accepted_until_on_shown"],
        "proof": [f"{e['id']}: {e['says']}" if e["says"] != e["id"] else e["id"] for e in g["proof"][:6]],
        "more": max(0, len(g["proof"]) - 6), "source": g["source"],
    }  # fmt: skip


def _item(i: dict[str, Any]) -> list[str]:
    quarters = "; ".join(f"{q}: {v}" for q, v in i["targets_shown"])
    state = {"reopened": "came back", "closed": "done"}.get(i["state"], i["state"])
    return [
        str(i["rank"]), i["title"], i["owner"], amount(i["effort_days"]),
        "–" if i["persons_removed"] is None else f"{i['persons_removed']:,}",
        i["value_shown"] + (f" → {quarters}" if quarters else ""), state,
    ]  # fmt: skip


def amount(value: float | None) -> str:
    """Return days of work in words."""
    return "–" if value is None else say.number(value)


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("amends.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["n"] = lambda value: f"{value:,}" if isinstance(value, int) else value
    made.filters["amount"] = amount
    return made
