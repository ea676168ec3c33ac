"""Write the kit for those who speak: statement, updates, questions, telephone script, substitute notice, media text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from amends.portal.pages.render import Frame, frame_of, render
from amends.portal.pages.static import copy_assets, refuse_disagreement
from amends.portal.shapes import LANGUAGES, Determination
from amends.portal.words.build import documents
from amends.portal.words.document import Document
from amends.portal.words.plain import as_markdown, as_text

KIT = ("statement", "updates", "faq", "script", "notice", "media")


def write_kit(found: Determination, folder: Path) -> list[Path]:
    """Write each public text in both languages as ``.html``, ``.txt`` and ``.md``: ``statement.en.html`` and so on.

    Raises:
        TableError: The released figures and the answers differ: nothing is written.
        DeliveryError: A text names a fact that the determination does not have.
    """
    refuse_disagreement(found)
    site = found.incident.site
    texts: dict[str, str] = {}
    for language in LANGUAGES:
        made = documents(found, language)
        root = f"https://{site}/" if site else ""
        frame = replace(frame_of(found, language, "index.html", root), links=bool(site))
        for name in KIT:
            texts[f"{name}.{language}.html"] = _page(made[name], frame)
            texts[f"{name}.{language}.txt"] = as_text(made[name], site)
            texts[f"{name}.{language}.md"] = as_markdown(made[name], site)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    return [*(folder / name for name in texts), *copy_assets(folder)]


def _page(document: Document, frame: Frame) -> str:
    return render("kit.html.j2", document.language, frame=frame, document=document)
