"""Public documents as plain text and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable

from amends.portal.words.document import Document, Part
from amends.portal.words.lists import unmarked

_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_PAGE = re.compile(r"^[a-z-]+(?:\.html)?(?:#[a-z_-]+)?$")
_SIGNS = re.compile(r"([\\`*_<>\[\]|])")

Link = Callable[[str, str], str]


def spans(text: str) -> tuple[tuple[str, str], ...]:
    """Return a text cut at its links: words and where they lead, "" for words that lead nowhere."""
    made: list[tuple[str, str]] = []
    end = 0
    for found in _LINK.finditer(text):
        made += [(unmarked(text[end : found.start()]), ""), (unmarked(found[1]), found[2])]
        end = found.end()
    made.append((unmarked(text[end:]), ""))
    return tuple(s for s in made if s[0])


def is_page(target: str) -> bool:
    """Say whether a link leads to a page of this site."""
    return bool(_PAGE.match(target))


def address(target: str, language: str, site: str) -> str:
    """Return the whole address of a link, "" where the site's own address is not known.

    Args:
        target: As the text source has it: a page, or the address of an office.
        language: Language of the page.
        site: Public address of the site, "" = not set.
    """
    if not is_page(target):
        return target if ":" in target else f"https://{target}"
    return f"https://{site}/{language}/{target}" if site else ""


def as_text(document: Document, site: str = "") -> str:
    """Return a document as plain text."""

    def link(words: str, target: str) -> str:
        whole = address(target, document.language, site).removeprefix("https://")
        return (
            words
            if not whole or whole == words or whole.startswith("tel:")
            else f"{words} ({whole})"
        )

    lines = [document.title.upper(), document.dated, _linked(document.lead, link)]
    for section in document.sections:
        if section.heading:
            lines.append(f"{section.heading}\n{'-' * len(section.heading)}")
        lines += [_text_part(p, link) for p in section.parts]
    return "\n\n".join(line for line in lines if line) + "\n"


def _linked(text: str, link: Link, words: Callable[[str], str] = str) -> str:
    return "".join(link(words(w), target) if target else words(w) for w, target in spans(text))


def _text_part(part: Part, link: Link) -> str:
    lines = [_linked(part.text, link)]
    marks = (f"{n}." for n in range(1, len(part.items) + 1)) if part.kind == "steps" else None
    lines += [f"{next(marks) if marks else '-'} {_linked(item, link)}" for item in part.items]
    lines += [": ".join((row[0], row[-1])) for row in part.rows]
    lines += ["\n".join((o.name, *o.lines)) + "\n" for o in part.offices]
    return "\n".join(line for line in lines if line).rstrip()


def as_markdown(document: Document, site: str = "") -> str:
    """Return a document as Markdown."""

    def link(words: str, target: str) -> str:
        whole = address(target, document.language, site)
        return f"[{words}]({whole})" if whole else words

    lines = [f"# {_escaped(document.title)}", _escaped(document.dated)]
    lines.append(_linked(document.lead, link, _escaped))
    for section in document.sections:
        if section.heading:
            lines.append(f"## {_escaped(section.heading)}")
        lines += [_markdown_part(p, link) for p in section.parts]
    return "\n\n".join(line for line in lines if line) + "\n"


def _escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\1", unmarked(text))


def _markdown_part(part: Part, link: Link) -> str:
    blocks = [_linked(part.text, link, _escaped)]
    mark = "1." if part.kind == "steps" else "-"
    blocks.append("\n".join(f"{mark} {_linked(i, link, _escaped)}" for i in part.items))
    if part.rows:
        head = f"| {' | '.join(map(_escaped, part.head))} |\n|{' --- |' * len(part.head)}"
        rows = "\n".join(f"| {' | '.join(map(_escaped, row))} |" for row in part.rows)
        blocks.append(f"{head}\n{rows}")
    blocks += ["  \n".join(map(_escaped, (o.name, *o.lines))) for o in part.offices]
    return "\n\n".join(b for b in blocks if b)
