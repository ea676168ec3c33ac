# ruff: noqa: E501  (expressions and tables read best on one line)
"""Any other text: lines that begin with, or hold, a time.

Daemons that keep a file of their own put a time before what they would say to syslog: OpenVPN, FreeRADIUS, vsftpd,
tac_plus, xferlog. Their lines go to the same dialects, by what is in them. All others are events of kind ``other``.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import coded
from amends.timeline.lines import Lines
from amends.timeline.parsers.base import Origin, Parsed
from amends.timeline.parsers.by_lines import (
    LineParser,
    ParseBlock,
    blank_lines,
    places,
    rejected,
)
from amends.timeline.parsers.syslog import read_messages
from amends.timeline.stamps import read_stamps

_STAMP = (
    r"\d{4}[\-/.]\d\d[\-/.]\d\d[T ,:\-]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z| ?[+\-]\d\d:?\d\d)?|"
    r"(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?|"
    r"\d{1,2}[/ \-][A-Z][a-z]{2}[/ \-]\d{4}[: ]\d\d:\d\d:\d\d(?:\.\d+)?(?: [+\-]\d{4})?|"
    r"\d{1,2}/\d{1,2}/\d{4}[ ,T]{1,2}\d\d:\d\d:\d\d|\b1\d{9}(?:\.\d+)?\b|\b1\d{12}\b"
)
_FIRST = rf"^[\[(<]?(?P<stamp>{_STAMP})[\])>]?[:,]?[ \t]+(?:: )?(?P<rest>.*)$"
_ANYWHERE = rf"(?P<stamp>{_STAMP})"
_PROGRAMS = (
    (r"Login (?:OK|incorrect)[^\[]*: \[", "radiusd"),
    (r"Client \"[^\"]+\"", "vsftpd"),
    (r"\t(?:stop|start|update)\t", "tac_plus"),
    (r"(?:Peer Connection Initiated|MULTI[:_]|SIG[A-Z]+\[|TLS(?: Auth)? Error|TLS: |VERIFY |Initialization Sequence Completed)", "openvpn"),
    (r"^\d+ [\d.:a-fA-F]+ \d+ \S+ [ab] \S+ [oid] [agru] ", "xferlog"),
    (r"USER \S+(?:: Login successful| \(Login failed\)|: no such user)|FTP session (?:opened|closed)", "proftpd"),
    (r"\[IKE\]|IKE_SA ", "charon"),
)  # fmt: skip


class Plain(LineParser):
    """Text of no known format; the last to be tried."""

    name = "text"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether it is text at all."""
        sample = head[:8192]
        if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
            return True
        odd = sum(1 for byte in sample if byte < 9 or (13 < byte < 32 and byte != 27))
        return bool(sample) and odd * 20 <= len(sample)

    def begin(self, origin: Origin) -> ParseBlock:
        """Return the parser of this file's blocks."""
        return _parse


def _parse(lines: Lines) -> Parsed:
    blank = blank_lines(lines)
    keep = ~blank
    text = lines.text.filter(pa.array(keep)) if blank.any() else lines.text
    first = pc.extract_regex(text, _FIRST)
    led = first.is_valid()
    stamp, message = pc.struct_field(first, "stamp"), pc.struct_field(first, "rest")
    if not pc.all(led).as_py():
        other = text.filter(pc.invert(led))
        found = pc.struct_field(pc.extract_regex(other, _ANYWHERE), "stamp")
        stamp = pc.replace_with_mask(stamp, pc.invert(led), found)
        message = pc.replace_with_mask(message, pc.invert(led), other)
    columns = read_messages({"message": message, "process": _programs(message)}, len(text))
    columns["source"] = pc.if_else(
        pc.equal(columns["source"], "syslog"),
        "text",
        pc.replace_substring(columns["source"], "syslog/", "text/"),
    )
    columns |= places(lines, keep)
    return Parsed(len(lines), read_stamps(stamp), columns, text, rejected(lines, blank, "blank"))


def _programs(message: pa.Array) -> pa.Array:
    """Return the program that a message can only be of; null for most."""
    codes = np.zeros(len(message), np.int32)
    for place, (pattern, _) in enumerate(_PROGRAMS, 1):
        fits = pc.match_substring_regex(message, pattern).to_numpy(zero_copy_only=False)
        codes[fits & (codes == 0)] = place
    return coded(codes, [None, *(program for _, program in _PROGRAMS)])
