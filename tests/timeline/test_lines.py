"""Blocks of lines: where they end changes nothing, and no byte is lost or an error."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline import lines as lines_of
from amends.timeline.lines import LONGEST_LINE, blocks


def texts(raw: bytes, size: int = 1 << 20) -> list[tuple[int, int, str]]:
    out = []
    for block in blocks(io.BytesIO(raw), size):
        for number, position, text in zip(
            block.numbers, block.positions, block.text.to_pylist(), strict=True
        ):
            out.append((int(number), int(position), text))
    return out


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"\n\n", ["", ""]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"caf\xe9\nna\xc3\xafve\n", ["café", "naïve"]),
        (b"\0\0\0a b\0c\n", ["a b c"]),
        ("ab\nçé\n".encode("utf-16"), ["ab", "çé"]),
        ("ab\r\n\U0001f600x\ny".encode("utf-16-be"), ["ab", "\U0001f600x", "y"]),
    ],
)
def test_lines_come_out_as_written(raw: bytes, wanted: list[str]) -> None:
    if raw.startswith(b"\0a"):
        raw = b"\xfe\xff" + raw
    assert [t for _, _, t in texts(raw)] == wanted


def test_positions_are_byte_offsets_in_the_file() -> None:
    raw = b"one\r\n\nthr\xe9e\nfour"
    for _, position, text in texts(raw):
        assert raw[position:].split(b"\n")[0].rstrip(b"\r").decode("latin-1") == text


def test_positions_in_utf16_are_byte_offsets_too() -> None:
    raw = "one\n\U0001f600 two\nthree".encode("utf-16")
    for _, position, text in texts(raw):
        assert raw[position:].decode("utf-16-le").split("\n")[0] == text


def test_a_line_longer_than_the_bound_is_cut_and_the_next_one_whole() -> None:
    raw = b"x" * (LONGEST_LINE + 5) + b"\nnext\n"
    found = texts(raw)
    assert [len(t) for _, _, t in found] == [LONGEST_LINE, 4]
    assert found[1] == (2, LONGEST_LINE + 6, "next")


def test_a_line_without_end_costs_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_of, "BLOCK_BYTES", 1 << 16)
    raw = b"first\n" + b"y" * (1 << 20) + b"\nlast\n"
    found = texts(raw, 1 << 14)
    assert [t[:5] for _, _, t in found] == ["first", "yyyyy", "last"]
    assert len(found[1][2]) <= LONGEST_LINE
    assert raw[found[2][1] :] == b"last\n"


@given(
    st.lists(
        st.sampled_from(
            [b"a", b"\n", b"\r\n", b"\0", b"\xe9", "é€\U0001f600".encode(), b"\xff\xfe", b" x=1 "]
        )
    ),
    st.integers(1, 40),
)
@settings(deadline=None, max_examples=150)
def test_where_blocks_end_changes_no_line(pieces: list[bytes], size: int) -> None:
    raw = b"".join(pieces)
    head = b"#" * 4096 + b"\n"
    assert texts(head + raw, size) == texts(head + raw)


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_lines(raw: bytes) -> None:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return
    found = texts(b"##\n" + raw)
    assert len(found) == 1 + raw.count(b"\n") + (not raw.endswith(b"\n") and raw != b"")
