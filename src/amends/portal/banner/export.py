"""Signed answers for many accounts at once, for a content network or the company's own servers.

A million accounts go through the same few megabytes of memory: they are read, referred, looked up and signed in blocks.
"""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from numpy.typing import NDArray

from amends.kernel import clock, ids
from amends.kernel.errors import UsageError
from amends.kernel.progress import Progress, Silent, step
from amends.portal.banner.answer import BannerEdition, Claims, NoClaims
from amends.portal.handles import REF_BYTES, account_refs
from amends.portal.published import Published
from amends.portal.shapes import State

HOURS = 24
"""For how long an exported answer is good: until the next nightly export."""

MOST_HOURS = 24 * 31
"""Longer, and a "no" outlives what later editions find."""

_BLOCK = 8192
_MOST_ACCOUNT = 200


@dataclass
class ExportSummary:
    """What an export came to.

    Attributes:
        edition: Edition the answers are of.
        until: Unix second at which the last of them ends.
        states: State -> answers.
    """

    edition: int
    until: int = 0
    states: dict[State, int] = field(default_factory=lambda: {"yes": 0, "no": 0, "undecided": 0})

    @property
    def n_answers(self) -> int:
        """Return the number of answers."""
        return sum(self.states.values())


def export_banners(
    published: Published,
    account_key: bytes,
    accounts: Iterable[pa.Array],
    to: BinaryIO,
    *,
    hours: int = HOURS,
    claims: Claims | None = None,
    progress: Progress | None = None,
) -> ExportSummary:
    """Write one line an account: ``{"account_ref": …, "answer": …}``, the answer a compact JWS.

    Args:
        published: What is published.
        account_key: The company's account key.
        accounts: Account numbers as the company writes them, in batches; read once.
        to: Where the lines go.
        hours: For how long the answers are good.
        claims: What knows who has claimed; nobody when left out.
        progress: Told how far it is.

    Raises:
        UsageError: ``hours`` is out of bounds.
    """
    if not 0 < hours <= MOST_HOURS:
        raise UsageError(
            "An exported answer cannot be good for so long",
            where=f"{hours} hours",
            remedy=f"give 1 to {MOST_HOURS} hours and export again before they are over",
        )
    known = NoClaims() if claims is None else claims
    keys = published.keys
    edition = BannerEdition(published.edition, keys.index, keys.signing, hours * 3600)
    made = ExportSummary(edition.edition.number)
    with step(progress or Silent(), "answer accounts", unit="accounts") as task:
        for block in accounts:
            now = int(clock.now().timestamp())
            made.until = now + hours * 3600
            to.write(b"".join(_lines(edition, account_refs(account_key, block), known, now, made)))
            task.advance(len(block))
    return made


def _lines(
    edition: BannerEdition, refs: NDArray[np.uint8], claims: Claims, now: int, made: ExportSummary
) -> Iterator[bytes]:
    """Return the line of each account; only the signature is made one by one."""
    texts = refs.tobytes().hex()
    width = 2 * REF_BYTES
    for row, (state, class_id, handle) in enumerate(edition.find_all(refs)):
        ref = texts[row * width : (row + 1) * width]
        made.states[state] += 1
        token = edition.writer.token(ref, state, class_id, claims.has_claimed(handle), now)
        yield b'{"account_ref":"%b","answer":"%b"}\n' % (ref.encode(), token)


def read_accounts(path: Path) -> Iterator[pa.Array]:
    """Read account numbers in blocks: the column ``account`` of a Parquet file, or one a line of a text.

    A first line that says ``account`` is a heading; of a line with commas the part before the first counts.

    Raises:
        UsageError: The file cannot be read, or a line is too long to be an account.
    """
    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as whole:
                for batch in whole.iter_batches(_BLOCK, columns=["account"]):
                    yield batch.column("account").cast(pa.string()).drop_null()
        else:
            with path.open("rb") as raw, _unpacked(raw, path.suffix) as lines:
                yield from _text_blocks(lines, path.name)
    except (
        OSError,
        EOFError,
        KeyError,
        ValueError,
        pa.ArrowException,
        zstandard.ZstdError,
    ) as error:
        raise UsageError(
            "The list of accounts cannot be read",
            where=path.name,
            remedy="give a text with one account a line (.txt, .csv, also .gz or .zst), or a .parquet file "
            "with a column account",
        ) from error


def _text_blocks(lines: Iterable[str], name: str) -> Iterator[pa.Array]:
    block: list[str] = []
    for number, line in enumerate(lines):
        account = line.split(",", 1)[0].strip().strip('"')
        if not account or (number == 0 and account.lower() == "account"):
            continue
        if len(account) > _MOST_ACCOUNT:
            raise ValueError(f"line {number + 1} of {name}")
        block.append(account)
        if len(block) == _BLOCK:
            yield pa.array(block)
            block = []
    if block:
        yield pa.array(block)


def _unpacked(raw: BinaryIO, suffix: str) -> io.TextIOWrapper:
    stream = raw
    if suffix == ".gz":
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    elif suffix == ".zst":
        stream = cast(BinaryIO, zstandard.ZstdDecompressor().stream_reader(raw))
    return io.TextIOWrapper(stream, "utf-8-sig")


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears whole or not at all; packed when it ends in ``.gz`` or ``.zst``.

    Answers share most of their bytes: packed by zstd they take a sixth.

    Raises:
        UsageError: It cannot be written.
    """
    half = path.with_name(f".{path.name}.{ids.new(8)}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            with _packed(raw, path.suffix) as stream:
                yield stream
            raw.flush()
            os.fsync(raw.fileno())
        half.replace(path)
    except OSError as error:
        raise UsageError(
            "The answers cannot be written", where=path.name, remedy="make room, or mend the rights"
        ) from error
    finally:
        half.unlink(missing_ok=True)


def _packed(raw: BinaryIO, suffix: str) -> AbstractContextManager[BinaryIO]:
    if suffix == ".gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1))
    if suffix == ".zst":
        return cast(BinaryIO, zstandard.ZstdCompressor(3).stream_writer(raw, closefd=False))
    return nullcontext(raw)
