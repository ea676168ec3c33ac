"""Tokens of a vault: how fast, beside one call a value by the libraries, and whether the bytes are the same.

    python bench/tokens.py [--values 10000000] [--peer-values 200000] [--core 1] [--json]

Everything runs on one core. Peers run in the same process on ``--peer-values`` values, their time is multiplied up:
``cryptography`` (AESSIV, one call a value) and ``fastfpe`` (FF1 in Rust, one call a value). "bytes" is cipher against
cipher; "Arrow" is texts to tokens by batches of 65,536, and for the peer a list of texts to a column of tokens; both in
seconds of the core, best of three. The ratio is the peer's time by ours. Rotation is compared with tokenising the same
rows in the same place for the first time, on the clock. Goals: AES-SIV 1 s and FF1 2.5 s per ten million, 20 times
cryptography, 30 times fastfpe, rotation at most 3 times tokenising.
"""

from __future__ import annotations

import argparse
import base64
import os
import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from amends.kernel.register import steady_sqlite
from amends.vault.chunks.base import Chunks
from amends.vault.chunks.parquet import ParquetParts
from amends.vault.chunks.sql import SqlTable
from amends.vault.ciphers import ColumnCipher
from amends.vault.ff1 import BatchFf1
from amends.vault.keyring import Keyring
from amends.vault.roots.file import FileRoot
from amends.vault.rotation import rotate
from amends.vault.siv import BatchSiv
from amends.vault.stores.base import BATCH_ROWS
from bench.common import show

CHUNK = 1 << 15
DIGITS = b"0123456789"
ALNUM = DIGITS + b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TEN_MILLION = 10_000_000
N_SAME = 100_000

Row = dict[str, object]


def seconds(work: Callable[[], object]) -> float:
    """Return seconds of the core, best of three: what other programs take meanwhile counts little."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return min(taken)


def wall_seconds(work: Callable[[], object]) -> float:
    """Return seconds on the clock, with all that the disk takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rows_of(alphabet: bytes, length: int, n: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(alphabet, np.uint8)
    return letters[rng.integers(0, len(alphabet), (n, length), dtype=np.uint8)]


def column(rows: np.ndarray) -> pa.Array:
    n, width = rows.shape
    offsets = pa.py_buffer(np.arange(0, n * width + 1, width, dtype=np.int32))
    return pa.Array.from_buffers(pa.string(), n, [None, offsets, pa.py_buffer(rows)])


def by_chunk(work: Callable[[np.ndarray], object], rows: np.ndarray) -> float:
    def run() -> None:
        for at in range(0, len(rows), CHUNK):
            work(rows[at : at + CHUNK])

    return seconds(run)


def row(what: str, n: int, ours_s: float, peer: str = "", peer_s: float = 0, **more: object) -> Row:
    """Return one line; times are per ten million values."""
    made: Row = {"what": what, "s_per_10M": round(ours_s / n * TEN_MILLION, 2)}
    if peer:
        made |= {
            "peer": peer,
            "peer_s_per_10M": round(peer_s, 1),
            "ratio": round(peer_s / (ours_s / n * TEN_MILLION), 1),
        }
    return made | more


def batched(work: Callable[[pa.Array], pa.Array], values: pa.Array) -> tuple[float, list[pa.Array]]:
    """Return the time over batches as stores hand them, and the last few results."""
    held: list[pa.Array] = []

    def run() -> None:
        for at in range(0, len(values), BATCH_ROWS):
            held.append(work(values.slice(at, BATCH_ROWS)))
            del held[:-4]

    return seconds(run), held


def batch_rows(
    what: str, cipher: ColumnCipher, texts: pa.Array, peer: str = "", peer_s: float = 0
) -> list[Row]:
    protect_s, _ = batched(cipher.protect, texts)
    tokens = cipher.protect(texts)
    reveal_s, last = batched(cipher.reveal, tokens)
    back = pa.chunked_array(last).combine_chunks()
    same = back.equals(texts.slice(len(texts) - len(back)))
    return [
        row(f"{what}, protect", len(texts), protect_s, peer, peer_s),
        row(f"{what}, reveal", len(texts), reveal_s, same=same),
    ]


def siv_rows(n: int, n_peer: int, keyring: Keyring) -> list[Row]:
    key = os.urandom(64)
    siv, peer = BatchSiv(key), AESSIV(key)
    made = []
    for length in (9, 11, 15):
        rows = rows_of(DIGITS, length, n)
        one = [r.tobytes() for r in rows[:n_peer]]
        peer_s = (
            seconds(lambda one=one: [peer.encrypt(v, None) for v in one]) / n_peer * TEN_MILLION
        )
        made.append(
            row(
                f"AES-SIV {length} bytes",
                n,
                by_chunk(siv.seal, rows),
                "AESSIV",
                peer_s,
                same=_same_siv(length),
            )
        )
    made.append({"what": "AES-SIV 0-200 bytes", "same": _same_siv(None)})
    rows = rows_of(DIGITS, 9, n)
    texts, cipher = column(rows), keyring.cipher("ssn")
    listed = texts[:n_peer].to_pylist()

    def peer_column() -> pa.Array:
        return pa.array(
            [
                f"tk1_{base64.urlsafe_b64encode(peer.encrypt(t.encode(), None)).decode().rstrip('=')}"
                for t in listed
            ]
        )

    peer_s = seconds(peer_column) / n_peer * TEN_MILLION
    made += batch_rows("AES-SIV 9 Arrow", cipher, texts, "AESSIV + base64", peer_s)
    tokens = cipher.protect(texts)
    made.append(row("AES-SIV 9 Arrow, are_tokens", n, batched(cipher.are_tokens, tokens)[0]))
    some = min(n, 2_000_000)
    mixed = pa.array(["é" * int(k) for k in np.random.default_rng(2).integers(2, 15, some)])
    made.append(row("AES-SIV 4-28 mixed, protect", some, batched(cipher.protect, mixed)[0]))
    nonce = keyring.cipher("ssn", "random")
    made.append(row("random 9 Arrow, protect", some, batched(nonce.protect, texts[:some])[0]))
    return made


def _same_siv(length: int | None) -> bool:
    rng = np.random.default_rng(7)
    key = rng.bytes(64)
    siv, peer = BatchSiv(key), AESSIV(key)
    lengths = np.full(N_SAME, length) if length else rng.integers(0, 201, N_SAME)
    for width, count in zip(*np.unique(lengths, return_counts=True), strict=True):
        rows = rng.integers(0, 256, (count, width), dtype=np.uint8)
        sealed = siv.seal(rows)
        if width and [r.tobytes() for r in sealed] != [
            peer.encrypt(r.tobytes(), None) for r in rows
        ]:
            return False
    return True


def ff1_rows(n: int, n_peer: int, keyring: Keyring) -> list[Row]:
    try:
        from fastfpe import ff1 as fastfpe  # noqa: PLC0415 - the peer may be missing
    except ImportError:
        fastfpe = None
    key = os.urandom(32)
    made = []
    for alphabet, length in ((DIGITS, 9), (DIGITS, 16), (ALNUM, 9), (ALNUM, 17)):
        rows = rows_of(alphabet, length, n)
        cipher = BatchFf1(key, alphabet, b"ssn")
        ours_s = by_chunk(cipher.encrypt, rows)
        name = f"FF1 {length} of base {len(alphabet)}"
        if fastfpe is None:
            made.append(row(name, n, ours_s))
            continue
        letters, hexed, tweak = alphabet.decode(), key.hex(), b"ssn".hex()
        texts = [r.tobytes().decode() for r in rows[: max(n_peer // 4, 1)]]
        theirs_s = seconds(partial(_peer_ff1, fastfpe.encrypt, hexed, tweak, letters, texts))
        same_rows = rows[:N_SAME]
        mine = [r.tobytes().decode() for r in cipher.encrypt(same_rows)]
        theirs = [fastfpe.encrypt(hexed, tweak, letters, r.tobytes().decode()) for r in same_rows]
        made.append(
            row(
                name, n, ours_s, "fastfpe", theirs_s / len(texts) * TEN_MILLION, same=mine == theirs
            )
        )
    texts = column(rows_of(DIGITS, 9, n))
    column_cipher = keyring.cipher("ssn", "ff1")
    made += batch_rows("FF1 9 Arrow", column_cipher, texts)
    some = min(n, 2_000_000)
    cards = column(rows_of(DIGITS, 16, some))
    luhn = keyring.cipher("card", "ff1", form="luhn")
    made.append(row("FF1 16 Arrow, Luhn kept", some, batched(luhn.protect, cards)[0]))
    return made


def _peer_ff1(
    encrypt: Callable[..., str], key: str, tweak: str, letters: str, texts: list[str]
) -> list[str]:
    return [encrypt(key, tweak, letters, text) for text in texts]


def rotation_rows(n: int, keyring: Keyring, folder: Path) -> list[Row]:
    n_parquet, n_sql = min(n, 4_000_000), min(n, 300_000)
    made = []
    for name, count, make in (("Parquet", n_parquet, _parts), ("SQLite", n_sql, _database)):
        for scheme in ("siv", "ff1"):
            domain = f"bench-{name}-{scheme}"
            cipher = keyring.cipher(domain, scheme)  # type: ignore[arg-type]  # one of two literals
            place = make(folder / f"{name}-{scheme}", column(rows_of(DIGITS, 9, count)))
            tokenise_s = wall_seconds(lambda p=place, c=cipher: _tokenise(p, c))
            rotate_s = wall_seconds(lambda p=place, d=domain, s=scheme: rotate(keyring, d, [p], s))
            made.append(
                {
                    "what": f"rotation {name} {scheme}", "rows": count,
                    "tokenise_s_per_10M": round(tokenise_s / count * TEN_MILLION, 1),
                    "s_per_10M": round(rotate_s / count * TEN_MILLION, 1),
                    "times_tokenising": round(rotate_s / tokenise_s, 2),
                }
            )  # fmt: skip
    return made


def _tokenise(place: Chunks, cipher: object) -> None:
    for piece in place.todo("first"):
        place.change(
            piece, "first", lambda columns: {k: cipher.protect(v) for k, v in columns.items()}
        )


def _parts(folder: Path, values: pa.Array) -> Chunks:
    folder.mkdir()
    size = 500_000
    for part, at in enumerate(range(0, len(values), size)):
        held = values.slice(at, size)
        pq.write_table(
            pa.table({"id": range(at, at + len(held)), "v": held}), folder / f"{part:04d}.parquet"
        )
    return ParquetParts(folder, ["v"])


def _database(path: Path, values: pa.Array) -> Chunks:
    engine = sa.create_engine(f"sqlite:///{path}.db")
    sa.event.listen(engine, "connect", lambda connection, record: steady_sqlite(connection))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER PRIMARY KEY, v TEXT)")
        connection.exec_driver_sql(
            "INSERT INTO people VALUES (?, ?)", list(enumerate(values.to_pylist()))
        )
    return SqlTable(engine, "people", ["v"])


def main() -> None:
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("--values", type=int, default=TEN_MILLION)
    ask.add_argument("--peer-values", type=int, default=200_000)
    ask.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    ask.add_argument("--json", action="store_true")
    given = ask.parse_args()
    os.sched_setaffinity(0, {given.core})
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        keyring = Keyring.create(folder / "vault", FileRoot.create(folder / "root.key"))
        rows = [
            *siv_rows(given.values, given.peer_values, keyring),
            *ff1_rows(given.values, given.peer_values, keyring),
            *rotation_rows(given.values, keyring, folder),
        ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    show(f"tokens of {given.values:,} values on one core, peak {peak:,} MiB", rows, given.json)


if __name__ == "__main__":
    main()
