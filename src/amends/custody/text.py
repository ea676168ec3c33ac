"""From bytes to characters: which encoding, and decoding that never fails and never loses a byte's meaning."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from amends.custody.source import CHUNK_BYTES

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SINGLE_BYTE = ("cp1252", "cp437", "mac_roman")
MULTI_BYTE = ("shift_jis", "gb18030", "big5", "euc_kr")
_HIGH = re.compile(rb"[\x80-\xff]")
# Control characters that text does not hold; 01, 14 and 1c to 1f separate cells in some exports.
_CONTROL = re.compile(rb"[\x00\x02-\x08\x0e-\x13\x15-\x19\x7f]")
_UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
FALLBACK = "amends_fallback"


def _fallback(error: UnicodeError) -> tuple[str, int]:
    """Read an undecodable byte as Windows-1252, or Latin-1 where that has none."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stray = error.object[error.start : error.start + 1]
    step = len(stray)
    if "16" in error.encoding or "32" in error.encoding:
        return "\ufffd", max(error.end, error.start + 1)
    try:
        return stray.decode("cp1252"), error.start + step
    except UnicodeDecodeError:
        return stray.decode("latin-1"), error.start + step


codecs.register_error(FALLBACK, _fallback)

# Windows-1252 that was once read as Latin-1 and written again: C1 controls where quotes and dashes were.
_C1 = re.compile("[\x80-\x9f]")
_REPAIRS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def repaired(text: str) -> str:
    """Return text with C1 control characters read as the Windows-1252 signs they came from.

    Source:
        WHATWG Encoding Standard, index windows-1252; C1 controls do not occur in honest text.
    """
    return text if text.isascii() or not _C1.search(text) else text.translate(_REPAIRS)


def sniff_encoding(head: bytes) -> tuple[str, int]:
    """Return the encoding of a text and the length of its byte order mark.

    Marks first; then UTF-16 by where its zero bytes lie; then UTF-8 where the bytes say so; then the single-byte
    code page whose letters make the most sense. A head without high bytes is UTF-8.

    Source:
        Unicode 15.0, section 23.8 (marks); WHATWG Encoding (Windows-1252 for "latin-1").
    """
    for mark, name in BOMS:
        if head.startswith(mark):
            return name, len(mark)
    wide = _wide_encoding(head)
    if wide:
        return wide, 0
    high = len(_HIGH.findall(head))
    if high == 0:
        return "utf-8", 0
    sequences = sum(len(found) for found in _UTF8_SEQUENCE.findall(head))
    if sequences >= 0.7 * high:
        return "utf-8", 0
    return _code_page(head), 0


def _wide_encoding(head: bytes) -> str:
    """Return UTF-16 without a mark, by the zero bytes of its Latin letters; "" for none."""
    sample = head[:4096]
    if len(sample) < 4:
        return ""
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return ""


def _code_page(head: bytes) -> str:
    """Return the code page under which the high bytes read best."""
    scores = {name: _sense(head[:65536], name) for name in SINGLE_BYTE}
    best = max(SINGLE_BYTE, key=lambda name: scores[name])
    wide = _multi_byte(head[:65536])
    if wide and scores[best] < 0.9:
        return wide
    return best


def _sense(sample: bytes, name: str) -> float:
    """Return how sensible the high bytes are: letters beside letters, signs alone, nothing undefined."""
    text = sample.decode(name, "replace")
    score = 0.0
    seen = 0
    for at, char in enumerate(text):
        if char < "\x80":
            continue
        seen += 1
        before = text[at - 1] if at else " "
        after = text[at + 1] if at + 1 < len(text) else " "
        score += _sign_score(char, before, after)
        if seen >= 2000:
            break
    return score / seen if seen else 0.0


_LATIN = set("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽ")
_SIGNS = set("£€§°©®–—‘’“”…•«»¿¡·½¼¾²³±×\u00a0")


def _sign_score(char: str, before: str, after: str) -> float:
    near = before.isalpha() or after.isalpha()
    if char in _LATIN:
        lower_after_upper = char.isupper() and before.islower()
        return 1.0 if near and not lower_after_upper else 0.2
    if char in _SIGNS:
        return 0.8 if not (before.isalpha() and after.isalpha()) or char in "’–" else 0.3
    if char == "\ufffd" or (0x80 <= ord(char) < 0xA0):
        return -1.0
    return 0.0


def _multi_byte(sample: bytes) -> str:
    """Return an East Asian encoding in which nearly all high bytes pair up into letters; "" for none."""
    best, best_share = "", 0.0
    for name in MULTI_BYTE:
        text = sample.decode(name, "replace")
        foreign = [char for char in text if char > "\x7f"]
        if len(foreign) < 8:
            continue
        common = sum(
            "\u3040" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af"
            for c in foreign
        )
        share = common / len(foreign) - 10 * text.count("\ufffd") / len(foreign)
        if share > max(0.9, best_share):
            best, best_share = name, share
    return best


def looks_like_text(head: bytes) -> bool:
    """Answer whether bytes are text in some encoding: few control characters, no stray zeros."""
    if not head:
        return False
    name, skip = sniff_encoding(head)
    if name.startswith(("utf-16", "utf-32")):
        text = head[skip : skip + 8192].decode(name, "replace")
        odd = sum(
            char == "\ufffd" or (char < " " and char not in "\t\n\r\f\v\x1a\x1b") for char in text
        )
        return odd <= 0.02 * len(text) + 1
    sample = head[:65536]
    control = len(_CONTROL.findall(sample))
    return control <= 0.005 * len(sample) or (control <= 2 and len(sample) > 64)


def text_of(stream: BinaryIO, head: bytes) -> Iterator[str]:
    """Yield a whole stream as text in pieces, in the encoding its head shows; never fails on a byte."""
    encoding, skip = sniff_encoding(head)
    yield from decode(stream, encoding, skip)


def decode(stream: BinaryIO, encoding: str, skip: int = 0) -> Iterator[str]:
    """Yield a stream as text in pieces, skipping a byte order mark of ``skip`` bytes."""
    decoder = codecs.getincrementaldecoder(encoding)(FALLBACK)
    stream.read(skip)
    while chunk := stream.read(CHUNK_BYTES):
        text = decoder.decode(chunk)
        if text:
            yield repaired(text)
    text = decoder.decode(b"", final=True)
    if text:
        yield repaired(text)
