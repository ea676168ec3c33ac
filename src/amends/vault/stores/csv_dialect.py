"""How a CSV file is written: separator, quotes, line ends, where its rows begin, what its columns are called.

Looked at once, before a change, and remembered with it: a file whose values became tokens must be read as before.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from amends.vault.ciphers import TOKEN_FORM
from amends.vault.stores.csv_rows import Dialect, blocks
from amends.vault.stores.csv_streams import Narrow, encoding_of, unpacked
from amends.vault.stores.file_kinds import Form

SAMPLE_BYTES = 1 << 18
SAMPLE_ROWS = 500
DELIMITERS = (",", "\t", ";", "|")
_ENDING_DELIMITER = {".tsv": "\t", ".tab": "\t", ".psv": "|", ".ssv": ";"}
_VALUE = re.compile(r"[\W_]*\d[\d\W_]*|.+@.+\..+|\d.*")
"""What stands in rows and not in headers: numbers, days, addresses of mail, what begins with a digit."""
_TOKEN = re.compile(TOKEN_FORM)


def form_of(path: Path) -> Form:
    """Return how a file is written, as JSON.

    Returns:
        ``encoding``, ``mark`` (bytes before the first row), the fields of :class:`Dialect`, ``skip`` (rows before the
        first row of values), ``names``.
    """
    encoding, mark = encoding_of(path)
    with unpacked(path) as stream:
        stream.read(mark)
        sample = Narrow(stream, encoding).read(SAMPLE_BYTES)
    dialect = _dialect(sample, _ending(path))
    rows = rows_of(sample, dialect)
    skip, names = _header(rows)
    return {"encoding": encoding, "mark": mark, **asdict(dialect), "skip": skip, "names": names}


def dialect_of(form: Form) -> Dialect:
    """Return the dialect of a form."""
    return Dialect(
        form["delimiter"], form["quote"], form["escape"], form["newline"], form["spaced"]
    )


def rows_of(sample: bytes, dialect: Dialect) -> list[list[str]]:
    """Return the first rows of a file, cut into fields without their quotes."""
    rows: list[list[str]] = []
    for block in blocks(io.BytesIO(sample), dialect):
        for row in range(min(len(block.begins), SAMPLE_ROWS)):
            start, fields = int(block.begins[row]), []
            first = int(block.first[row])
            for stop in block.separators[first : first + int(block.fields[row])]:
                fields.append(_bare(block.raw[start : int(stop)], dialect))
                start = int(stop) + 1
            rows.append(fields)
        break
    # The sample may end in the middle of its last row.
    return rows[:-1] if len(rows) > 2 and len(sample) >= SAMPLE_BYTES else rows


def _bare(raw: bytes, dialect: Dialect) -> str:
    text = raw.decode("utf-8", "replace").strip(" \r\t")
    quote = dialect.quote
    if len(text) > 1 and text.startswith(quote) and text.endswith(quote):
        text = text[1:-1].replace(quote * 2, quote)
    return text.strip()


def _ending(path: Path) -> str:
    found = [s.lower() for s in path.suffixes]
    return next((_ENDING_DELIMITER[s] for s in found if s in _ENDING_DELIMITER), "")


def _dialect(sample: bytes, preferred: str) -> Dialect:
    newline = "\n" if b"\n" in sample or b"\r" not in sample else "\r"
    quote = _quote(sample)
    escape = "\\" if _has_escapes(sample, quote) else ""
    best, delimiter = -1.0, preferred or ","
    for candidate in DELIMITERS:
        rows = [r for r in rows_of(sample, Dialect(candidate, quote, escape, newline)) if any(r)]
        score = _agreement(rows) + (0.2 if candidate == preferred else 0.0)
        if score > best:
            best, delimiter = score, candidate
    spaced = re.search(
        re.escape(delimiter.encode()) + b" +" + re.escape(quote.encode()) + b"[^\r\n]*?"
        + re.escape(quote.encode()), sample,
    )  # fmt: skip
    return Dialect(delimiter, quote, escape, newline, spaced is not None)


def _quote(sample: bytes) -> str:
    """Return the sign around fields: the apostrophe only where it opens and closes fields and no quote does."""
    edge = rb"(?:^|[,;\t|\n])%s[^%s\n]*%s(?=[,;\t|\r\n]|\Z)"
    doubles = len(re.findall(edge % (b'"', b'"', b'"'), sample))
    singles = len(re.findall(edge % (b"'", b"'", b"'"), sample))
    return "'" if singles > 3 and not doubles else '"'


def _has_escapes(sample: bytes, quote: str) -> bool:
    mark = re.escape(quote.encode())
    return re.search(rb"\\" + mark + rb"(?![,;\t|\r\n])", sample) is not None


def _agreement(rows: list[list[str]]) -> float:
    """Return how well a separator fits: the share of rows of the commonest width above one, wider ones first."""
    if not rows:
        return 0.0
    width, count = Counter(len(r) for r in rows).most_common(1)[0]
    return 0.0 if width < 2 else count / len(rows) + min(width, 20) / 1000


def _header(rows: list[list[str]]) -> tuple[int, list[str]]:
    """Return how many rows stand before the values, and the names of the columns."""
    filled = [r for r in rows if any(r)]
    width = Counter(len(r) for r in filled).most_common(1)[0][0] if filled else 0
    at = next((i for i, r in enumerate(rows) if len(r) == width and any(r)), 0)
    if not rows or not _is_header(rows[at], rows[at + 1 : at + 20]):
        return (at if width > 1 else 0), [f"column_{n}" for n in range(1, width + 1)]
    return at + 1, _distinct([name or f"column_{n}" for n, name in enumerate(rows[at], start=1)])


def _distinct(names: list[str]) -> list[str]:
    """Return names of which none stands twice: the second ``ssn`` is ``ssn_2``."""
    taken: list[str] = []
    for name in names:
        fresh, n = name, 1
        while fresh in taken:
            n += 1
            fresh = f"{name}_{n}"
        taken.append(fresh)
    return taken


def _is_header(row: list[str], below: list[list[str]]) -> bool:
    """Say whether a row names columns: texts that differ, none of them a value, and not all alike those below."""
    named = [cell for cell in row if cell]
    if not named or len(set(named)) < len(named):
        return len(set(named)) > 1 and not any(_VALUE.fullmatch(c) for c in named)
    return not any(_VALUE.fullmatch(c) or _TOKEN.fullmatch(c) for c in named)
