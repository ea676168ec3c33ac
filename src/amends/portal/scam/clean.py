"""A pasted message as plain text: mail source decoded, HTML read, escapes undone, what cannot be seen taken out.

What was hidden is said, since our own messages hide nothing.

Source:
    Unicode TR36 and TR39 (invisible characters, direction overrides, letters that look like others). CISA, "Avoiding
    Social Engineering and Phishing Attacks" (text of a link that does not match where it leads).
"""

from __future__ import annotations

import email
import email.policy
import re
import unicodedata
from dataclasses import dataclass
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser

from amends.portal.scam.hosts import belongs_to, looks_like_host, read_link

MAX_TEXT = 65_536
# Put in by mail programs and typesetting, with no meaning: soft hyphen, byte order mark, variation selectors.
_HARMLESS = re.compile("[\u00ad\ufeff\ufe00-\ufe0f]")
# A hyphen at the end of a line; text that came out of a PDF may have U+FFFE for it.
_LINE_HYPHEN = re.compile("(?<=\\w)(?:\ufffe\n?|-\n)(?=[^\\W\\d_A-Z])")
_INVISIBLE = re.compile(
    "[\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u2064\u206a-\u206f\u3164\uffa0\U000e0000-\U000e007f]"
)
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Between letters it splits a word for machines and not for people; beside an emoji it is ordinary.
_SPLIT_WORD = re.compile(
    "(?<=[\\w.])[\u200b-\u200f\u2060-\u2064\u180e\U000e0000-\U000e007f](?=[\\w.])"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_TAG = re.compile(
    r"<\s{0,8}/?\s{0,8}(?:a|p|br|div|style|script|font|center|span|table|td|html|body|h[1-6]|ul|li|b|i|img|form|input)\b",
    re.IGNORECASE,
)
_MARKDOWN = re.compile(r"\[([^\]\n]{1,300})\]\(([^)\s]{1,2000})\)")
_DEFANGED = re.compile(r"\[(?:\.|dot)\]|\(dot\)|\{\.\}", re.IGNORECASE)
_MAIL_HEAD = re.compile(r"^(?:[A-Za-z\-]{2,40}:.*\n(?:[ \t].*\n){0,40}){2,80}\n", re.MULTILINE)


@dataclass(frozen=True)
class Cleaned:
    """A text made plain.

    Attributes:
        text: The text.
        marks: What was hidden in it: ``hidden_signs``, ``turned_text``, ``other_link``, ``form``, ``too_long``.
    """

    text: str
    marks: frozenset[str]


def clean(raw: str) -> Cleaned:
    """Return a pasted text made plain, and what was hidden in it."""
    marks: set[str] = set()
    if len(raw) > MAX_TEXT:
        marks.add("too_long")
    text = raw[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n")
    text = _LINE_HYPHEN.sub("-", _unpacked(text))
    if _TAG.search(text):
        text, found = _from_html(text)
        marks |= found
    text, found = _from_markdown(_HARMLESS.sub("", unescape(text)))
    marks |= found
    if _SPLIT_WORD.search(text):
        marks.add("hidden_signs")
    if _DIRECTION.search(text):
        marks.add("turned_text")
    text = _CONTROL.sub(" ", _DIRECTION.sub("", _INVISIBLE.sub("", text)))
    text = unicodedata.normalize("NFKC", text)[: 2 * MAX_TEXT]
    text = "".join(_plain_digit(c) for c in text) if not text.isascii() else text
    return Cleaned(_DEFANGED.sub(".", text), frozenset(marks))


def _plain_digit(sign: str) -> str:
    return str(unicodedata.digit(sign)) if sign.isdigit() and not sign.isascii() else sign


def _unpacked(text: str) -> str:
    """Return the readable parts of a mail's source, with its visible headers; any other text as it is."""
    head = text[:8000].lower()
    if "content-t" not in head or not re.match(r"[A-Za-z\-]{2,40}:", text):
        return text
    if text.count("\n--") > _MOST_PARTS or text.partition("\n\n")[0].count("\n") > _MOST_HEAD_LINES:
        return text  # no mail of ours; read as it stands
    try:
        message = email.message_from_string(text, policy=email.policy.default)
        parts = [f"{k}: {v}" for k, v in message.items() if k.lower() in _KEPT]
        bodies = [_part_text(p) for p in message.walk() if not p.is_multipart()]
    except (ValueError, LookupError, TypeError, AttributeError, IndexError, KeyError):
        return text  # a broken header; what stands there is read as it is
    return "\n".join([*parts, "", *bodies])[: 2 * MAX_TEXT]


_MOST_PARTS, _MOST_HEAD_LINES = 40, 300
_KEPT = (
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "reply-to",
    "return-path",
    "message-id",
    "x-notice-id",
)


def _part_text(part: EmailMessage) -> str:
    if part.get_content_maintype() != "text":
        return ""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


class _Reader(HTMLParser):
    """Collects what HTML shows and where its links lead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.marks: set[str] = set()
        self._href = ""
        self._label: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title"):
            self._silent += 1
        elif tag in ("form", "input", "script", "iframe", "object", "embed"):
            self.marks.add("form")
        elif tag == "a":
            self._end_link()
            self._href = next((v or "" for k, v in attrs if k == "href"), "")
        elif tag in _BREAKS:
            self.out.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title"):
            self._silent = max(0, self._silent - 1)
        elif tag == "a":
            self._end_link()
        elif tag in _BREAKS:
            self.out.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.out.append(data)
            if self._href:
                self._label.append(data)

    def _end_link(self) -> None:
        if self._href:
            if leads_elsewhere("".join(self._label), self._href):
                self.marks.add("other_link")
            self.out.append(f" {self._href} ")
        self._href, self._label = "", []

    def finish(self) -> str:
        """Return the text."""
        self._end_link()
        return "".join(self.out)


_BREAKS = frozenset(
    ("p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "address", "blockquote")
)  # fmt: skip


def _from_html(text: str) -> tuple[str, set[str]]:
    reader = _Reader()
    # One pass over pieces: an opened but never closed tag is not looked for again and again.
    reader.feed(re.sub(r"<!--.{0,20000}?-->", " ", text, flags=re.DOTALL))
    rest = reader.rawdata
    return reader.finish() + rest, reader.marks


def _from_markdown(text: str) -> tuple[str, set[str]]:
    marks: set[str] = set()

    def spread(found: re.Match[str]) -> str:
        if leads_elsewhere(found.group(1), found.group(2)):
            marks.add("other_link")
        return f"{found.group(1)} {found.group(2)} "

    return _MARKDOWN.sub(spread, text), marks


def leads_elsewhere(label: str, target: str) -> bool:
    """Say whether the text of a link names one host and the link leads to another."""
    label = _INVISIBLE.sub("", label).strip()
    if not label or " " in label or "." not in label:
        return False
    named = read_link(label.rsplit("@", 1)[-1] if "://" not in label else label).host
    if not looks_like_host(named):
        return False
    leads = read_link(target)
    if leads.scheme == "mailto":
        return not target.lower().split("?")[0].endswith(named)
    named, host = named.removeprefix("www."), leads.host.removeprefix("www.")
    return not (belongs_to(host, named) or belongs_to(named, host))
