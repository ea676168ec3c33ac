"""Exports of the timeline: chain, taken, Timesketch, ECS, OCSF as rows; STIX, the picture and the story as files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import typst

from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import TableError, UsageError
from amends.report.story import story_data
from amends.tables.timeline import EVENTS, HOPS, INDICATORS, LOG_FILES, STATEMENTS, TAKEN
from amends.timeline.stix import Given, bundle_text
from amends.timeline.timesketch import ecs_sql, ocsf_sql, timesketch_sql

PRIVILEGED = "PRIVILEGED AND CONFIDENTIAL. Prepared at the direction of counsel."
_TEMPLATES = Path(__file__).parent / "templates"


def chain_sql(case: Case) -> str:
    """Return SQL of the chain: the columns of DESIGN section 9, then the rest of the step."""
    return f"""
        SELECT step, "at", at_error_ms / 1000.0 AS at_error_s, source, destination, account, technique, event_ids,
               confidence, phase, tactic, how, to_at, n_events, why, against, decided_by, hop_id
        FROM {case.read(HOPS)} WHERE status = 'chain' ORDER BY step NULLS LAST, "at", hop_id
    """


def taken_sql(case: Case) -> str:
    """Return SQL of what was taken: the columns of DESIGN section 9, then proofs and the three estimates."""
    return f"""
        SELECT store, "table", element, "lower", best, "upper", accessed, acquired, grounds, unit, accessed_proof,
               acquired_proof, read_rows, staged_rows, left_rows, event_ids
        FROM {case.read(TAKEN)} ORDER BY store, "table", element
    """


def _timeline(case: Case, *, chain_only: bool) -> str:
    return timesketch_sql(case.read(EVENTS), case.read(HOPS), case.read(LOG_FILES), chain_only=chain_only)  # fmt: skip


SQL_EXPORTS: Mapping[str, Callable[[Case], str]] = {
    "chain": chain_sql,
    "taken": taken_sql,
    "timeline": lambda case: _timeline(case, chain_only=True),
    "timeline-all": lambda case: _timeline(case, chain_only=False),
    "events-ecs": lambda case: ecs_sql(case.read(EVENTS)),
    "events-ocsf": lambda case: ocsf_sql(case.read(EVENTS)),
}
"""Exports that are rows: name → SQL."""


def stix_text(case: Case, *, tlp: str = "amber", internal: bool = True) -> str:
    """Return the STIX 2.1 bundle of a case.

    Args:
        case: The case.
        tlp: white, green, amber or red.
        internal: Whether hosts and accounts of the company go in.
    """
    proved = case.engine.arrow(
        f"SELECT sentence FROM {case.read(STATEMENTS)} WHERE standing = 'proved' ORDER BY position"
    )["sentence"].to_pylist()
    return bundle_text(
        Given(
            case=case.name,
            entity=case.config.text("case", "entity") or case.name,
            hops=case.engine.arrow(
                f"SELECT * FROM {case.read(HOPS)} WHERE status = 'chain' ORDER BY step NULLS LAST, \"at\", hop_id"
            ).to_pylist(),
            indicators=case.engine.arrow(
                f"SELECT * FROM {case.read(INDICATORS)} ORDER BY kind, value, indicator_id"
            ).to_pylist(),
            sentences=proved if internal else (),
            tlp=tlp,
            internal=internal,
        )
    )


def swimlane_text(case: Case) -> str:
    """Return the swim-lane picture of a case as SVG."""
    return str(story_data(case)["picture"])


def story_html(case: Case) -> str:
    """Return the story of a case as one HTML page that needs nothing else."""
    return _environment().get_template("timeline_page.html.j2").render(
        entity=case.config.text("case", "entity") or case.name,
        case=case.name,
        run=case.run_id(),
        story=story_data(case),
    )  # fmt: skip


def story_pdf(case: Case, *, privileged: bool = False) -> bytes:
    """Return the story of a case as a PDF, the same bytes for the same run.

    Args:
        case: The case.
        privileged: Whether every page says that it is privileged.

    Raises:
        TableError: The typesetter refuses.
    """
    said = json.dumps(_on_paper(case, privileged=privileged), ensure_ascii=False)
    try:
        made = typst.compile(
            (_TEMPLATES / "timeline_story.typ").read_bytes(), format="pdf", sys_inputs={"story": said},
            ignore_system_fonts=True, timestamp=0,
        )  # fmt: skip
    except typst.TypstError as error:
        raise TableError(
            "The typesetter refuses the story",
            where="out/",
            remedy="export it as .html, and report this with the version of Amends",
        ) from error
    assert isinstance(made, bytes)
    return made


FILE_EXPORTS: Mapping[str, Mapping[str, Callable[[Case], str | bytes]]] = {
    "stix": {".json": stix_text},
    "swimlane": {".svg": swimlane_text},
    "story": {".html": story_html, ".pdf": story_pdf},
}
"""Exports that are files: name → ending → what makes it."""


def write_timeline_file(case: Case, name: str, to: str) -> int:
    """Write one of ``FILE_EXPORTS`` to a file, whole or not at all, with a line in the ledger; return its bytes.

    Raises:
        UsageError: The ending is not one of its endings.
        TableError: The tables do not exist yet, or the file cannot be written.
    """
    path = Path(to)
    makers = FILE_EXPORTS[name]
    maker = makers.get(path.suffix.lower())
    if maker is None:
        raise UsageError(
            f"The export {name} is not written as {path.suffix or 'nothing'!r}",
            where=path.name,
            remedy="end the name in " + " or ".join(makers),
        )
    made = maker(case)
    raw = made if isinstance(made, bytes) else made.encode("utf-8", "replace")
    fresh = path.with_name(f".{path.name}.{ids.new(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.touch(0o600)
        fresh.write_bytes(raw)
        fresh.replace(path)
    except OSError as error:
        raise TableError(
            "The file could not be written", where=path.name, remedy=f"{error.strerror}: choose another place"
        ) from error  # fmt: skip
    finally:
        fresh.unlink(missing_ok=True)
    case.ledger.append("export", name=name, to=path.name, rows=len(raw), run=case.run_id())
    return len(raw)


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("amends.report"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["n"] = lambda value: f"{value:,}" if isinstance(value, int) else value
    return made


def _on_paper(case: Case, *, privileged: bool = False) -> dict[str, Any]:
    """Return the story as the typesetter takes it: text only, one source line a sentence."""
    story = story_data(case)
    return {
        "title": "How they got in and what they took",
        "mark": PRIVILEGED if privileged else "",
        "entity": case.config.text("case", "entity") or case.name,
        "case": case.name,
        "run": case.run_id(),
        "head": [list(h) for h in story["head"]],
        "questions": [
            {
                "question": q["question"],
                "answers": [
                    {"standing": a["standing"], "sentence": a["sentence"], "source": _source(a)} for a in q["answers"]
                ],
            }
            for q in story["questions"]
        ],
        "steps": [
            [str(s["step"] or ""), s["at"], s["phase"], s["source"], s["destination"], s["account"], s["technique"],
             s["why"]]
            for s in story["steps"]
        ],
        "taken": [
            [" ".join(filter(None, (t["store"], t["table"]))), t["elements"], f"{t['lower']:,}", f"{t['best']:,}",
             "not known" if t["open"] else f"{t['upper']:,}", t["accessed_proof"].replace("_", " "),
             t["acquired_proof"].replace("_", " ")]
            for t in story["taken"]
        ],
        "gaps": [
            [g["host"] or "", g["log"] or "", g["words"], g["effect"] or ""] for g in story["gaps"] if g["matters"]
        ],
        "pictures": list(story["pages"]),
    }  # fmt: skip


def _source(answer: Mapping[str, Any]) -> str:
    """Return where the first line of a sentence stands."""
    lines = answer["lines"]
    if not lines:
        return ""
    first = lines[0]
    more = len(lines) + answer["more"] - 1
    name = (first["path"] or "").rsplit("/", 1)[-1]
    place = " ".join(filter(None, (first["host"], name)))
    return f"{place}, line {first['line']:,}" + (f", and {more:,} more" if more else "")
