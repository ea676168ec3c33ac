"""Mail: eml and mbox. Headers and body are one document; attachments and forwarded messages are items of their own."""

from __future__ import annotations

import email
import email.errors
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from email import policy
from email.header import decode_header, make_header
from email.message import Message
from typing import BinaryIO

from amends.custody.limits import TOO_BIG_REMEDY
from amends.custody.names import clean_leaf, join
from amends.custody.readers.base import Opener, blocks_of, member_of_bytes
from amends.custody.readers.markup import html_text
from amends.custody.source import Source
from amends.custody.text import FALLBACK, looks_like_text, repaired, sniff_encoding
from amends.kernel.contents import DocumentPart, Fault, Part

MEDIA_TYPE = "message/rfc822"
SHOWN = (
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Date",
    "Subject",
    "Message-ID",
    "In-Reply-To",
)
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*\r?\n")
_MAIL_HEADERS = (
    b"from:",
    b"to:",
    b"subject:",
    b"date:",
    b"received:",
    b"message-id:",
    b"mime-version:",
    b"return-path:",
)
_FROM_LINE = re.compile(rb"From \S+.*\d{4}\s*$|From MAILER-DAEMON|From - ")
PASSWORD_REMEDY = "decrypt it in the mail program of its receiver and add the result"  # noqa: S105 (a sentence)
MOST_NESTED = 50
PART_REMEDY = "open the message in a mail program and save the attachment"


class Mail:
    """Reads single messages."""

    name = "mail"

    def detect(self, source: Source) -> bool:
        """Answer whether the text begins with mail headers."""
        return looks_like_text(source.head) and _begins_with_headers(
            source.head.lstrip(b"\xef\xbb\xbf\r\n")
        )

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the message and what is attached."""
        yield from _message(source.seekable().read(), source, source.inner_path, opener)


class Mbox:
    """Reads mailboxes of many messages in one file."""

    name = "mbox"

    def detect(self, source: Source) -> bool:
        """Answer whether the file begins with a From line and then headers."""
        first, _, rest = source.head.partition(b"\n")
        return (
            first.startswith(b"From ")
            and (_FROM_LINE.match(first) is not None)
            and _begins_with_headers(rest)
        )

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield each message and what is attached to it; messages are numbered from 1."""
        for number, raw in enumerate(
            _messages(source.stream(), opener.limits.memory_bytes), start=1
        ):
            inner = join(source.inner_path, f"message-{number:06d}")
            if raw is None:
                opener.budget.take_item()
                yield Fault(inner, "", "too_big_inside", TOO_BIG_REMEDY)
                continue
            yield from _message(raw, source, inner, opener)


def _begins_with_headers(head: bytes) -> bool:
    at = 0
    names: set[bytes] = set()
    while (found := _HEADER.match(head, at)) is not None and len(names) < 40:
        names.add(found.group().split(b":", 1)[0].lower() + b":")
        at = found.end()
    ends = head[at : at + 2] in (b"\r\n",) or head[at : at + 1] in (b"\n", b"") or at >= len(head)
    known = sum(name in _MAIL_HEADERS for name in names)
    return known >= 2 and (ends or known >= 3)


def _messages(stream: BinaryIO, most: int) -> Iterator[bytes | None]:
    """Yield messages of a mailbox: a blank line, then a From line, begins the next; ``None`` for one too large."""
    current: list[bytes] = []
    size = 0
    blank = True
    while line := stream.readline(1 << 20):
        if blank and line.startswith(b"From ") and _FROM_LINE.match(line):
            if current:
                yield b"".join(current) if size <= most else None
            current, size = [], 0
            continue
        if line.startswith(b">") and re.match(rb">+From ", line):
            line = line[1:]
        size += len(line)
        if size <= most:
            current.append(line)
        blank = line in (b"\n", b"\r\n")
    if current:
        yield b"".join(current) if size <= most else None


def _message(raw: bytes, source: Source, inner: str, opener: Opener) -> Iterator[Part]:
    message = email.message_from_bytes(raw, policy=policy.compat32)
    texts: list[str] = [_headers(message)]
    attached: list[tuple[str, bytes]] = []
    faults: list[Fault] = []
    _walk(message, texts, attached, faults, inner, 0)
    body = "\n".join(texts)
    yield DocumentPart(inner, MEDIA_TYPE, "mail", blocks_of([body]), [], faults)
    for name, payload in attached:
        outer = Source(inner, "", limits=opener.limits, stream=io.BytesIO(), depth=source.depth)
        yield from opener.inside(member_of_bytes(outer, clean_leaf(name), payload, opener))


def _headers(message: Message) -> str:
    lines = []
    for name in SHOWN:
        for value in message.get_all(name, []):
            lines.append(f"{name}: {_decoded(value)}")
    return "\n".join(lines) + "\n"


def _decoded(value: object) -> str:
    """Return a header as text, encoded words read; as it stands where they make no sense."""
    text = str(value)
    with suppress(email.errors.HeaderParseError, LookupError, ValueError, UnicodeError):
        text = str(make_header(decode_header(text)))
    raw = text.encode("utf-8", "surrogateescape")
    return repaired(raw.decode("utf-8", FALLBACK)).replace("\r", "").replace("\n", "")


def _walk(
    part: Message,
    texts: list[str],
    attached: list[tuple[str, bytes]],
    faults: list[Fault],
    inner: str,
    depth: int,
) -> None:
    """Sort the parts of a message into text and attachments."""
    kind = part.get_content_type()
    if kind in ("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"):
        faults.append(Fault(inner, "", "encrypted", PASSWORD_REMEDY, whole=False))
        if kind != "multipart/encrypted":
            return
    name = _file_name(part)
    children = (
        [child for child in part.get_payload() if isinstance(child, Message)]
        if part.is_multipart()
        else []
    )
    if kind == "message/rfc822":
        attached.extend((name or "message.eml", _whole(child)) for child in children[:1])
        return
    if part.is_multipart():
        if depth > MOST_NESTED:
            faults.append(Fault(inner, "", "bomb", PART_REMEDY, whole=False))
            return
        for child in _chosen(children) if kind == "multipart/alternative" else children:
            _walk(child, texts, attached, faults, inner, depth + 1)
        return
    _leaf(part, name, texts, attached)


def _leaf(part: Message, name: str, texts: list[str], attached: list[tuple[str, bytes]]) -> None:
    """Take a part that holds no others: text of the message, or an attachment."""
    kind = part.get_content_type()
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    disposition = part.get_content_disposition()
    if kind in ("text/plain", "text/html") and disposition != "attachment" and not name:
        texts.append(_text(part, data, kind))
    elif data:
        attached.append((name or f"attachment-{len(attached) + 1}{_ending(kind)}", data))


def _whole(message: Message) -> bytes:
    """Return a forwarded message as bytes, also where its headers break the rules."""
    try:
        return message.as_bytes(policy=policy.compat32)
    except (UnicodeError, ValueError, LookupError, TypeError):
        return message.as_string(policy=policy.compat32).encode("utf-8", "surrogateescape")


def _chosen(parts: list[Message]) -> list[Message]:
    """Return the parts of an alternative to read: plain text where it holds something, and whatever is not text."""
    plain = [part for part in parts if part.get_content_type() == "text/plain"]
    has_text = any(len(bytes(part.get_payload(decode=True) or b"").strip()) > 0 for part in plain)
    if not has_text:
        return parts
    return [part for part in parts if part.get_content_type() != "text/html"]


def _text(part: Message, data: bytes, kind: str) -> str:
    charset = part.get_content_charset() or ""
    sniffed, skip = sniff_encoding(data)
    chosen = charset if charset and sniffed not in ("utf-16-le", "utf-16-be") else sniffed
    if chosen.lower() in ("us-ascii", "ascii", "iso-8859-1", "latin-1"):
        chosen = sniffed
    try:
        text = data[skip:].decode(chosen, FALLBACK)
    except (LookupError, UnicodeError):
        text = data[skip:].decode(sniffed, FALLBACK)
    text = repaired(text).replace("\r\n", "\n")
    return "".join(html_text(iter([text]))) if kind == "text/html" else text


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except (ValueError, LookupError, UnicodeError):
        return ""
    return _decoded(name) if name else ""


def _ending(kind: str) -> str:
    return {
        "text/csv": ".csv",
        "text/plain": ".txt",
        "text/html": ".html",
        "application/pdf": ".pdf",
    }.get(kind, "")
