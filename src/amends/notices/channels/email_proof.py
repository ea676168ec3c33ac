"""Read a finished e-mail back, by a path that shares nothing with the making of it, and compare it with the plan."""

from __future__ import annotations

import email
import html
import re
from email.message import EmailMessage
from email.policy import SMTP

from amends.notices.channels.base import Outgoing
from amends.notices.check import normal
from amends.notices.compose import Letter
from amends.notices.plain import as_text, salutation
from amends.notices.wording import element_words, wording

_BLOCK = re.compile(
    r"</?(?:p|h1|h2|li|ul|address|br|strong|body|html|meta|title)\b[^>]*>|<!doctype html>"
)
_HEAD = re.compile(r"<title>.*?</title>|<style>.*?</style>|</?head>", re.DOTALL)


def message_faults(raw: bytes, notice: Outgoing, letter: Letter) -> list[str]:
    """Read a finished message back and return in what it differs from the plan.

    The elements are those of the sealed row, not those of the text: a text that went to the wrong person is found.

    Args:
        raw: The message as it would leave.
        notice: The sealed row.
        letter: The text the row names.
    """
    read = email.message_from_bytes(raw, policy=SMTP)
    assert isinstance(read, EmailMessage)
    to = notice.to
    wrong = []
    if read["X-Notice-Id"] != to.notice_id or to.notice_id not in str(read["Message-ID"]):
        wrong.append("the message does not carry its notice id")
    if [a.addr_spec for a in read["To"].addresses] != [to.email] or read["Cc"] or read["Bcc"]:
        wrong.append("the message is not addressed to the person alone")
    text, page = _body(read, "plain"), _page_text(_body(read, "html"))
    if normal(text).split() != normal(as_text(letter, to)).split():
        wrong.append("the text is not the text of the plan")
    if page.split() != normal(text).replace("• ", "").split():
        wrong.append("the page does not say what the text says")
    if normal(salutation(letter, to.name)) not in normal(text):
        wrong.append("the salutation does not name the person")
    if "[[" in text:
        wrong.append("a placeholder was left in the text")
    return wrong + _element_faults(text, notice, letter)


def _body(read: EmailMessage, kind: str) -> str:
    part = read.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _page_text(page: str) -> str:
    """Return the words of an HTML page in order."""
    return normal(html.unescape(_BLOCK.sub(" ", _HEAD.sub(" ", page))))


def _element_faults(text: str, notice: Outgoing, letter: Letter) -> list[str]:
    """Compare the list in the text with the elements of the sealed row."""
    words = wording(letter.variant.language)
    lines = [normal(line) for line in text.split("\n")]
    starts = [
        n for n, line in enumerate(lines) if line.endswith(words.headings["what_information"])
    ]
    ends = [n for n, line in enumerate(lines) if line.endswith(words.headings["what_we_do"])]
    if not starts or not ends:
        return ["the section on the information is missing"]
    shown = [line[2:] for line in lines[starts[0] : ends[0]] if line.startswith("• ")]
    named = element_words(words.language)
    adult = letter.variant.audience == "adult"
    wanted = [
        normal(name if adult else re.sub(r"\byour\b", "the", name))
        for name in (named[e].singular for e in notice.elements)
    ]
    if len(shown) != len(wanted) or any(
        not any(line == w or line.startswith(f"{w} (") for line in shown) for w in wanted
    ):
        return ["the elements named are not the person's"]
    return []
