# ruff: noqa: E501  (tables and lines of logs)
"""A parser, a rule or a mask that breaks costs its block or its file, never the run, and no line goes uncounted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pytest

from amends.custody import Reader
from amends.kernel.contents import RawPart
from amends.timeline import scrub
from amends.timeline.detecting import Detecting
from amends.timeline.guard import survivable
from amends.timeline.lines import Lines
from amends.timeline.parsers.base import Origin, Parsed
from amends.timeline.parsers.by_lines import ParseBlock
from amends.timeline.parsers.plain import Plain
from amends.timeline.parsers.syslog import Syslog
from amends.timeline.reading import read_log, unsay
from amends.timeline.sigma.evaluating import Evaluator
from amends.timeline.sigma.fields import Batch, Mask
from amends.timeline.sigma.loading import load_rules
from amends.timeline.sigma.rules import Rule
from tests.timeline.logs import origin, read

LINE = "Aug  4 02:11:09 jump1 sshd[1]: Accepted password for ann from 10.0.0.9 port 5 ssh2\n"
BAD = "Aug  4 02:11:09 jump1 sshd[1]: BREAKS\n"


class _Breaking(Syslog):
    """Syslog that breaks on a word, as a parser with a fault does."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def begin(self, origin: Origin) -> ParseBlock:
        parse = super().begin(origin)

        def broken(lines: Lines) -> Parsed:
            if any("BREAKS" in (t or "") for t in lines.text.to_pylist()):
                raise self.error
            return parse(lines)

        return broken


class _Ending(Plain):
    """A parser whose stream of blocks breaks off."""

    name = "ending"

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.block_bytes = 4096

    def detect(self, head: bytes, origin: Origin) -> bool:
        return True

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        for number, parsed in enumerate(super().read(stream, origin)):
            if number == 2:
                raise self.error
            yield parsed


ERRORS = [ValueError("x"), KeyError("x"), pa.ArrowInvalid("x"), pa.ArrowNotImplementedError("x"), RecursionError(), AssertionError(), UnicodeDecodeError("utf-8", b"x", 0, 1, "x"), OverflowError(), TypeError(), pa.ArrowCapacityError("x")]  # fmt: skip


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_line_that_breaks_the_parser_costs_that_line(error: BaseException) -> None:
    reading, rows = read(LINE * 30 + BAD + LINE * 30, parsers=[_Breaking(error)])
    assert (reading.n_lines, reading.n_events, reading.n_rejects) == (61, 60, 1)
    assert [row["line"] for row in rows] == [*range(1, 31), *range(32, 62)]
    assert reading.reject_places == ["line 31: unreadable"]
    assert reading.status == "partly"
    assert reading.remedy


def test_a_block_of_bad_lines_is_given_up_and_counted() -> None:
    reading, _ = read(LINE + BAD * 5000 + LINE, parsers=[_Breaking(ValueError())])
    assert reading.n_lines == 5002
    assert reading.reasons["unreadable"] == reading.n_rejects >= 5000


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_a_parser_that_ends_early_leaves_the_rest_as_rejects(error: BaseException) -> None:
    reading, rows = read(LINE * 500 + LINE.rstrip("\n"), parsers=[_Ending(error)])
    assert reading.n_lines == 501
    assert 0 < len(rows) < 501
    assert reading.reasons == {"unreadable": 501 - len(rows)}
    assert reading.reject_places == [f"lines {len(rows) + 1} to 501: unreadable"]
    assert reading.status == "partly"


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), pa.ArrowMemoryError("x")])
def test_want_of_memory_and_the_user_are_obeyed(error: BaseException) -> None:
    for parser in (_Breaking(error), _Ending(error)):
        with pytest.raises(type(error)):
            read(LINE * 300 + BAD, parsers=[parser])


def test_a_panic_of_a_library_in_rust_is_survived() -> None:
    panic = type("PanicException", (BaseException,), {})
    assert survivable(panic())
    reading, _ = read(LINE * 500, parsers=[_Ending(panic())])
    assert reading.status == "partly"


def test_a_parser_that_breaks_on_a_head_leaves_the_file_to_the_next() -> None:
    class Broken(Syslog):
        def detect(self, head: bytes, origin: Origin) -> bool:
            raise LookupError

    reading, rows = read(LINE, parsers=[Broken(), Plain()])
    assert reading.parser == "text"
    assert len(rows) == 1


def test_headings_and_empty_lines_make_no_log_partly_read() -> None:
    reading, rows = read(LINE + "\n" * 30)
    assert len(rows) == 1
    assert (reading.status, reading.remedy) == ("read", "")
    zeek = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\n#types\ttime\tstring\n1785809469.1\tC1\n"
    reading, rows = read(zeek, origin("conn.log"))
    assert len(rows) == 1
    assert reading.status == "read"


def _break_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    real = scrub.mask_texts

    def broken(texts: pa.Array, *, commands: bool = False) -> pa.Array:
        if any("BREAKS" in (t or "") for t in texts.to_pylist()):
            raise pa.ArrowInvalid("too odd")
        return real(texts, commands=commands)

    monkeypatch.setattr(scrub, "mask_texts", broken)


def test_a_row_that_cannot_be_masked_is_not_written_and_counts_as_a_reject(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _break_masks(monkeypatch)
    raw = (LINE * 40 + BAD + LINE * 40).encode()
    reading = read_log(RawPart("", "auth.log", io.BytesIO(raw)), origin())
    written = 0
    for batch in reading.batches:
        clean, bad = scrub.masked_rows(batch)
        written += clean.num_rows
        assert "BREAKS" not in str(clean.to_pylist())
        assert "raw" not in clean.schema.names
        if bad is not None:
            unsay(reading, bad)
    assert (reading.n_lines, reading.n_events, reading.n_rejects, written) == (81, 80, 1, 80)
    assert reading.reject_places == ["line 41: unreadable"]
    assert reading.row("E0001", "", "auth.log")["status"] == "partly"


def test_rules_go_on_over_a_row_that_breaks_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = Evaluator.hits

    def broken(self: Evaluator, batch: Batch) -> Iterator[tuple[Rule, Mask]]:
        if any("BREAKS" in (t or "") for t in batch.events.column("raw").to_pylist()):
            raise pa.ArrowInvalid("too odd")
        return real(self, batch)

    monkeypatch.setattr(Evaluator, "hits", broken)
    _break_masks(monkeypatch)
    (tmp_path / "auth.log").write_text(LINE * 100 + BAD + LINE * 100)
    run = Detecting([tmp_path], Reader(), load_rules([], own=True))
    batches = list(run.batches())
    told = run.summary()
    assert told["lines"] == 201
    assert told["events"] == sum(b.num_rows for b in batches) == 200
    assert told["rejects"] == 1
    assert 0 < told["events_unjudged"] <= 16
    assert [reason for _, reason, _ in run.account.unread] == ["unreadable"]
