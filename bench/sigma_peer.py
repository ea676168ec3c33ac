"""The usual way to run Sigma over Windows events, as ``sigma.py`` measures it: one SQLite table, one query a rule."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from pathlib import Path


def flat(node: dict, out: dict, last: str = "") -> None:
    """Bring an event's nested fields to one level, named by what stands last."""
    for key, value in node.items():
        if key == "#attributes":
            for name, text in value.items():
                out.setdefault("Provider_Name" if name == "Name" else name, text)
        elif isinstance(value, dict):
            flat(value, out, key)
        elif value is None or value == "":
            continue
        elif key == "#text":
            out[last] = "\n".join(map(str, value)) if isinstance(value, list) else value
        else:
            out[key] = json.dumps(value) if isinstance(value, list) else value


def events(folder: str) -> list[dict]:
    """Return every event of the logs, flattened."""
    from evtx import PyEvtxParser  # noqa: PLC0415 - the peer's own package

    found = []
    for path in sorted(Path(folder).rglob("*.evtx")):
        try:
            for record in PyEvtxParser(str(path)).records_json():
                one: dict = {}
                flat(json.loads(record["data"]), one)
                one.pop("xmlns", None)
                found.append(
                    {
                        k.lower(): str(v).lower() if isinstance(v, bool) else str(v)
                        for k, v in one.items()
                    }
                )
        except (RuntimeError, OSError):
            continue
    return found


def run(folder: str, queries: str) -> None:
    """Run every query on the events and print the counts of those that hit."""
    rows = events(folder)
    columns = list(dict.fromkeys(k for row in rows for k in row))
    base = sqlite3.connect(":memory:")
    base.create_function(
        "REGEXP",
        2,
        lambda p, s: s is not None and re.search(p, str(s)) is not None,
        deterministic=True,
    )
    base.execute(
        "CREATE TABLE logs (" + ",".join(f'"{c}" TEXT COLLATE NOCASE' for c in columns) + ")"
    )
    marks = ",".join("?" * len(columns))
    base.executemany(
        f"INSERT INTO logs VALUES ({marks})", ([row.get(c) for c in columns] for row in rows)
    )
    base.execute('CREATE INDEX by_number ON logs ("eventid", "channel")')
    found = {}
    for name, texts in json.loads(Path(queries).read_text()):
        try:
            n = sum(len(base.execute(t).fetchall()) for t in texts)
        except sqlite3.Error:
            continue  # no event has the column
        if n:
            found[name] = n
    print(json.dumps(found))


def convert(folder: str, to: str) -> None:
    """Convert rules to queries."""
    from sigma.backends.sqlite import sqliteBackend  # noqa: PLC0415
    from sigma.collection import SigmaCollection  # noqa: PLC0415
    from sigma.pipelines.sysmon import sysmon_pipeline  # noqa: PLC0415
    from sigma.pipelines.windows import windows_logsource_pipeline  # noqa: PLC0415

    backend, made = sqliteBackend(sysmon_pipeline() + windows_logsource_pipeline()), []
    for path in sorted(Path(folder).rglob("*.yml")):
        for rule in SigmaCollection.from_yaml(path.read_text("utf-8")).rules:
            try:
                texts = backend.convert_rule(rule)
            except Exception:  # what a backend cannot say, it cannot be asked
                continue
            made.append(
                (
                    str(rule.id),
                    [
                        t.replace("<TABLE_NAME>", "logs").replace("SELECT *", "SELECT rowid", 1)
                        for t in texts
                    ],
                )
            )
    Path(to).write_text(json.dumps(made))


if __name__ == "__main__":
    {"run": run, "read": events, "convert": convert}[sys.argv[1]](*sys.argv[2:])
