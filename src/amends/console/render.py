"""One answer, three faces: HTML from a template, JSON and CSV from the same facts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from functools import cache

import jinja2
import pyarrow as pa
from markupsafe import Markup

from amends.console.base import Facts
from amends.kernel.errors import UsageError
from amends.report.spreadsheet import inert
from amends.taxonomy.elements import elements


@cache
def environment() -> jinja2.Environment:
    """Return the templates: everything escaped, a missing name is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("amends.console"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        n=_grouped,
        words=_words,
        day=_day,
        moment=_moment,
        element=element_name,
        cell=_cell,
        share=_share,
    )
    return made


def html(template: str, facts: Facts, **shell: object) -> str:
    """Return a page."""
    return environment().get_template(template).render(**{**facts, **shell})


def as_json(view: str, run: str, facts: Facts) -> str:
    """Return the facts as JSON, without those that are for the template alone."""
    kept = {name: value for name, value in facts.items() if not name.startswith("_")}
    return json.dumps(
        {"view": view, "run": run, **kept}, ensure_ascii=False, default=_plain, indent=1
    )


def as_csv(facts: Facts, rows: str) -> str:
    """Return the rows of a page as CSV that no spreadsheet takes for formulas.

    Raises:
        UsageError: The page has no rows.
    """
    found = facts.get(rows) if rows else _pairs(facts)
    if not isinstance(found, Sequence | Iterable) or isinstance(found, str | Mapping):
        raise UsageError("This page has no rows", remedy="take its .json")
    table = [_row(r) for r in found]
    names = list(dict.fromkeys(name for row in table for name in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_inert(names))
    for row in table:
        writer.writerow(_inert([_flat(row.get(name)) for name in names]))
    return out.getvalue()


def _pairs(facts: Facts) -> list[dict[str, object]]:
    return [
        {"name": name, "value": value} for name, value in facts.items() if not name.startswith("_")
    ]


def _row(row: object) -> dict[str, object]:
    plain = asdict(row) if is_dataclass(row) and not isinstance(row, type) else row
    if not isinstance(plain, Mapping):
        return {"value": plain}
    return {str(k): v for k, v in plain.items() if not str(k).startswith("_")}


def _flat(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset) and not any(
        isinstance(v, Mapping | list) for v in value
    ):
        return " ".join(str(v) for v in value)
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return value


def _inert(cells: Sequence[object]) -> list[object]:
    """Return cells with an apostrophe before every text that a spreadsheet would run; numbers stay numbers."""
    texts = [i for i, cell in enumerate(cells) if not isinstance(cell, int | float)]
    safe = inert(pa.array([str(cells[i]) for i in texts], pa.string())).to_pylist()
    made = list(cells)
    for place, text in zip(texts, safe, strict=True):
        made[place] = text
    return made


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    return str(value)


def _grouped(value: object) -> object:
    """Return whole numbers with thousands in groups; nothing for nothing."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else value


def _words(code: object) -> str:
    """Return a code as words: ``needs_judgement`` reads ``needs judgement``."""
    return "" if code is None else str(code).replace("_", " ")


def _day(value: object) -> str:
    if value is None:
        return ""
    return value.isoformat()[:10] if isinstance(value, date | datetime) else str(value)[:10]


def _moment(value: object) -> str:
    """Return an instant to the minute, in UTC."""
    text = value.isoformat() if isinstance(value, datetime) else str(value or "")
    return text[:16].replace("T", " ")


def element_name(code: object) -> str:
    """Return what letters call an element."""
    known = elements().get(str(code))
    return known.names["en", "singular"] if known else _words(code)


def _share(part: object, whole: object) -> str:
    """Return a share as words: 12.3 %."""
    if not isinstance(part, int | float) or not isinstance(whole, int | float) or not whole:
        return "–"
    return f"{100 * part / whole:.1f} %"


def _cell(value: object) -> str | Markup:
    """Return any cell as text: lists joined, yes and no, nothing for nothing."""
    if value is None or value in ("", []):
        return Markup('<span class="none">–</span>')
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple | set | frozenset):
        return " ".join(str(_cell(v)) for v in value)
    return str(value)
