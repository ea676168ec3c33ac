"""The look-up of the site: how long publishing takes, how big it is, how many answers a second, and are all right.

    python bench/site_lookup.py [--keys 5000000] [--accounts N] [--peer-keys 5000000] [--asks 200000] [--json]

Publishes so many persons (letter codes drawn from ids, hashed, sorted, written, forced to disk, digested) and, with
``--accounts``, as many accounts (HMAC-SHA256 each) in a process of its own; then asks with codes and account references
of people who are in it and of people who are not, in turns, in one thread. The peer is a plain SQLite table of hash ->
class with the same question in SQL; ``--peer-keys`` may be smaller, its rate hardly depends on it.
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from amends.portal import shapes  # noqa: E402
from amends.portal.handles import account_ref, person_numbers  # noqa: E402
from amends.portal.keys import company_keys  # noqa: E402
from amends.portal.publish import publish  # noqa: E402
from amends.portal.published import Published  # noqa: E402
from amends.vault.codes import code_key, letter_codes  # noqa: E402
from amends.vault.keys import create_keys  # noqa: E402
from bench.common import measured, show  # noqa: E402
from tests.portal.world import answer_class, determination  # noqa: E402

BATCH = 1 << 17
CLASSES = 500


def texts(first: int, n: int, lead: str) -> pa.Array:
    """Return ``lead`` and twelve digits, for numbers in a row."""
    numbers = np.arange(first, first + n, dtype=np.int64)
    digits = np.empty((n, 12), np.uint8)
    for place in range(11, -1, -1):
        digits[:, place] = numbers % 10 + 48
        numbers //= 10
    rows = np.concatenate([np.full((n, 1), ord(lead), np.uint8), digits], axis=1)
    offsets = pa.py_buffer(np.arange(0, 13 * n + 1, 13, dtype=np.int32))
    return pa.Array.from_buffers(
        pa.string(), n, [None, offsets, pa.py_buffer(np.ascontiguousarray(rows))]
    )


def class_of(first: int, n: int) -> np.ndarray:
    return (np.arange(first, first + n) % CLASSES).astype(np.int32)


def people(n: int) -> Iterator[pa.RecordBatch]:
    for first in range(0, n, BATCH):
        size = min(BATCH, n - first)
        columns = [texts(first, size, "P"), pa.array(class_of(first, size))]
        yield pa.RecordBatch.from_arrays(columns, schema=shapes.PEOPLE)


def accounts(n: int) -> Iterator[pa.RecordBatch]:
    for first in range(0, n, BATCH):
        size = min(BATCH, n - first)
        columns = [texts(first, size, "A"), texts(first, size, "P")]
        yield pa.RecordBatch.from_arrays(columns, schema=shapes.ACCOUNTS)


def found() -> shapes.Determination:
    kinds = ("ssn", "birth_date", "imei", "pin", "drivers_licence")
    made = tuple(answer_class(n, ("name", kinds[n % 5])) for n in range(CLASSES))
    return determination(classes=made)


def child(folder: Path, n: int, n_accounts: int) -> None:
    """Publish, and say how long it took."""
    create_keys(folder / "keys")
    empty = shapes.ALIASES.empty_table()
    started = time.monotonic()
    made = publish(
        found(),
        people(n),
        accounts(n_accounts),
        empty,
        case_keys=folder / "keys",
        to=folder / "site",
    )
    print(json.dumps({"seconds": time.monotonic() - started, **made.as_json()}))


def rate(ask, questions: list) -> tuple[float, list]:
    started = time.perf_counter()
    answers = [ask(q) for q in questions]
    return len(questions) / (time.perf_counter() - started), answers


def asked(folder: Path, n: int, n_accounts: int, asks: int) -> list[dict[str, object]]:
    """Return rates and faults of the published look-up."""
    started = time.monotonic()
    site = Published.open(folder / "site")
    opened = time.monotonic() - started
    key = code_key(folder / "keys")
    rng = random.Random(1)
    hits = [rng.randrange(n) for _ in range(asks // 2)]
    order = [
        v for pair in zip(hits, (n + 1 + i for i in range(asks // 2)), strict=True) for v in pair
    ]
    ids = pa.array([f"P{v:012d}" for v in order])
    codes = letter_codes(key, ids).to_pylist()
    numbers = person_numbers(site.keys.index, key, ids).tolist()
    rows = []
    for name, ask, questions in (
        ("hash -> place", site.edition.codes.find, numbers),
        ("letter code -> answer", site.by_code, codes),
    ):
        per_second, answers = rate(ask, questions)
        wrong = sum(not right(a, v, n) for a, v in zip(answers, order, strict=True))
        rows.append({"what": name, "keys": n, "asks_per_s": round(per_second), "wrong": wrong})
    if n_accounts:
        account_key = company_keys(folder / "keys").account_key
        order = [v if v < n_accounts else v + n_accounts for v in order]
        refs = [account_ref(account_key, f"A{v:012d}") for v in order]
        per_second, answers = rate(site.by_account, refs)
        wrong = sum(
            not (a.answer_class.class_id == v % CLASSES if v < n_accounts else a.state == "no")
            for a, v in zip(answers, order, strict=True)
        )
        rows.append(
            {
                "what": "account reference -> answer",
                "keys": n_accounts,
                "asks_per_s": round(per_second),
                "wrong": wrong,
            }
        )
    rows.append({"what": "open, every file checked", "seconds": round(opened, 2)})
    return rows


def right(answer: object, number: int, n: int) -> bool:
    """Say whether a person of the edition got their class, and a stranger nothing."""
    if isinstance(answer, tuple):
        return answer[0] == (number < n) and (not answer[0] or answer[1] == number % CLASSES)
    if answer is None:
        return number >= n
    return number < n and answer.answer_class.class_id == number % CLASSES


def peer(folder: Path, n: int, asks: int) -> list[dict[str, object]]:
    """Publish and ask a plain SQLite table of the same hashes."""
    create_keys(folder / "keys")
    index, key = Published.open(folder / "site").keys.index, code_key(folder / "keys")
    path = folder / "peer.db"
    started = time.monotonic()
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode = OFF")
    base.execute("CREATE TABLE codes (key INTEGER PRIMARY KEY, class INTEGER) WITHOUT ROWID")
    numbers = [person_numbers(index, key, b.column("person_id")).view(np.int64) for b in people(n)]
    keys = np.concatenate(numbers)
    classes = class_of(0, n)
    order = np.argsort(keys)
    for at in range(0, n, BATCH):
        some = order[at : at + BATCH]
        base.executemany(
            "INSERT INTO codes VALUES (?, ?)",
            zip(keys[some].tolist(), classes[some].tolist(), strict=True),
        )
    base.commit()
    seconds = time.monotonic() - started
    rng = random.Random(1)
    places = [rng.randrange(n) for _ in range(asks // 2)]
    known = keys[places].tolist()
    questions = [v for k in known for v in (k, k ^ 0x5555)]
    sql = "SELECT class FROM codes WHERE key = ?"
    per_second, answers = rate(lambda q: base.execute(sql, (q,)).fetchone(), questions)
    wrong = sum(a is None or a[0] != v % CLASSES for a, v in zip(answers[::2], places, strict=True))
    size = path.stat().st_size
    base.close()
    return [
        {
            "what": "SQLite: publish",
            "keys": n,
            "seconds": round(seconds, 1),
            "bytes_a_key": round(size / n, 2),
        },
        {
            "what": "SQLite: hash -> class",
            "keys": n,
            "asks_per_s": round(per_second),
            "wrong": wrong,
        },
    ]


def main() -> None:
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("--keys", type=int, default=5_000_000)
    ask.add_argument("--accounts", type=int, default=0)
    ask.add_argument("--peer-keys", type=int, default=0)
    ask.add_argument("--asks", type=int, default=200_000)
    ask.add_argument("--folder", type=Path, help="where to publish (default: a temporary folder)")
    ask.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    ask.add_argument("--json", action="store_true")
    given = ask.parse_args()
    if given.child:
        child(given.child, given.keys, given.accounts)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        words = [
            sys.executable,
            __file__,
            "--child",
            folder,
            "--keys",
            str(given.keys),
            "--accounts",
            str(given.accounts),
        ]
        cost = measured(words)
        made = json.loads(cost.output.splitlines()[-1])
        keys = given.keys + given.accounts
        rows: list[dict[str, object]] = [
            {
                "what": "publish", "keys": keys, "seconds": round(made["seconds"], 1), "cpu_s": cost.cpu_seconds,
                "peak_mib": cost.peak_mib, "bytes_a_key": round(made["n_bytes"] / keys, 2),
            }
        ]  # fmt: skip
        rows += asked(folder, given.keys, given.accounts, given.asks)
        rows += peer(folder, given.peer_keys or given.keys, given.asks)
    show("look-up of the site", rows, given.json)


if __name__ == "__main__":
    main()
