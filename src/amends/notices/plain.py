"""A composed letter as text and as HTML; what e-mails carry and what the checks read."""

from __future__ import annotations

import html

from amends.notices.blocks import Block
from amends.notices.compose import CODE_SLOT, NOTICE_SLOT, Letter
from amends.notices.facts import Recipient
from amends.notices.wording import wording


def salutation(letter: Letter, name: str) -> str:
    """Return the line that greets the recipient."""
    words = wording(letter.variant.language).words
    return str(words["salutation"][letter.variant.audience]).replace("{name}", name)


def addressed_to(language: str, audience: str, name: str) -> str:
    """Return the first line of the address block, which says for whom the piece is."""
    return str(wording(language).words["address_to"][audience]).replace("{name}", name)


def address_block(letter: Letter, to: Recipient) -> tuple[str, ...]:
    """Return the lines that the envelope's window shows: for whom, the delivery lines, the place, the country."""
    first = addressed_to(letter.variant.language, letter.variant.audience, to.name)
    place = " ".join(
        p for p in (f"{to.city}," if to.city and to.state else to.city, to.state, to.zip) if p
    )
    return tuple(line for line in (first, *to.lines, place, to.country) if line)


def as_text(letter: Letter, to: Recipient | None = None) -> str:
    """Return the letter as plain text; without a recipient the slots stay open."""
    parts = [letter.title, letter.dated]
    if to is not None:
        parts.append(salutation(letter, to.name))
    for section in letter.sections:
        if section.heading:
            parts.append(section.heading)
        parts.extend(fill(_block_text(b), to) for b in section.blocks)
    return "\n\n".join(p for p in parts if p) + "\n"


def fill(text: str, to: Recipient | None) -> str:
    """Return text with the recipient's own values in the slots."""
    if to is None:
        return text
    return text.replace(NOTICE_SLOT, to.notice_id).replace(CODE_SLOT, to.code)


def _block_text(block: Block) -> str:
    lines = [block.text] if block.text else []
    lines += [f"• {item}" for item in block.items]
    for office in block.offices:
        lines += ["", office.name, *office.lines]
    if block.kind in CODES:
        lines += ["", CODE_SLOT]
    return "\n".join(lines)


CODES = ("code", "site_code")

_STYLE = (
    "body{font:16px/1.5 Georgia,'Times New Roman',serif;color:#1a1a1a;max-width:40em;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.5em;margin:0 0 .2em}h2{font-size:1.15em;margin:1.6em 0 .4em}.dated{color:#555}"
    ".code{font:bold 1.3em monospace;letter-spacing:.1em}address{font-style:normal;margin:.6em 0}"
)


def as_html(letter: Letter, to: Recipient) -> str:
    """Return the letter as one self-contained HTML page; every value is escaped."""
    parts = [
        f"<h1>{_safe(letter.title)}</h1>",
        f'<p class="dated">{_safe(letter.dated)}</p>',
        f"<p>{_safe(salutation(letter, to.name))}</p>",
    ]
    for section in letter.sections:
        if section.heading:
            parts.append(f"<h2>{_safe(section.heading)}</h2>")
        parts.extend(_block_html(b, to) for b in section.blocks)
    language = letter.variant.language
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        f"<title>{_safe(letter.title)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _block_html(block: Block, to: Recipient) -> str:
    made = f"<p>{_safe(fill(block.text, to))}</p>" if block.text else ""
    if block.items:
        made += "<ul>" + "".join(f"<li>{_safe(i)}</li>" for i in block.items) + "</ul>"
    for office in block.offices:
        lines = "<br>".join(_safe(line) for line in office.lines)
        made += f"<address><strong>{_safe(office.name)}</strong><br>{lines}</address>"
    if block.kind in CODES:
        made += f'<p class="code">{_safe(to.code)}</p>'
    return made


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
