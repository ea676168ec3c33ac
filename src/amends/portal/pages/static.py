"""Write the general pages as plain files, which any web server can serve when the site itself is down."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from amends.kernel.errors import TableError
from amends.portal.pages.agree import differences
from amends.portal.pages.render import ASSETS, frame_of, render
from amends.portal.scam.lookalikes import look_alikes
from amends.portal.shapes import LANGUAGES, Determination
from amends.portal.words.build import documents
from amends.portal.words.figures import disagreements
from amends.portal.words.frame import frame_words

PAGES = {
    "index.html": ("statement", "index.html.j2"),
    "updates.html": ("updates", "document.html.j2"),
    "what-was-taken.html": ("taken", "document.html.j2"),
    "what-to-do.html": ("steps", "steps.html.j2"),
    "faq.html": ("faq", "questions.html.j2"),
    "notice.html": ("notice", "document.html.j2"),
    "not-us.html": ("not_us", "not_us.html.j2"),
    "media.html": ("media", "document.html.j2"),
    "about.html": ("about", "document.html.j2"),
}
"""File -> the document it shows and its template."""

LOOK_ALIKES = 60
"""How many names the page of look-alikes lists: a list that nobody reads to the end warns nobody."""


def write_static(found: Determination, folder: Path) -> list[Path]:
    """Write the general pages of an edition, with relative links, into an empty or new folder.

    Args:
        found: The released determination, with its answers.
        folder: Gets ``index.html``, ``en/``, ``es/`` and ``assets/``.

    Returns:
        The files written.

    Raises:
        TableError: The released figures or a page differ from the letters: nothing is written.
        DeliveryError: A text names a fact that the determination does not have.
    """
    refuse_disagreement(found)
    made = {language: _pages(found, language) for language in LANGUAGES}
    for language, texts in made.items():
        _refuse(differences(texts, found, language), found)
    pages = {
        Path(language) / name: text for language in made for name, text in made[language].items()
    }
    frame = frame_of(found, LANGUAGES[0], "index.html", root="")
    pages[Path("index.html")] = render(
        "choice.html.j2",
        LANGUAGES[0],
        frame=frame,
        english=frame_words("en"),
        spanish=frame_words("es"),
    )
    written = [_write(folder / path, text) for path, text in pages.items()]
    return [*written, *copy_assets(folder)]


def refuse_disagreement(found: Determination) -> None:
    """Stop where the released figures and the answers differ.

    Raises:
        TableError: They do.
    """
    _refuse(disagreements(found), found)


def _refuse(differ: Sequence[str], found: Determination) -> None:
    if differ:
        raise TableError(
            f"The figures of edition {found.edition.edition} and its letters disagree: {differ[0]}",
            where=f"{len(differ)} places",
            remedy="seal again, let two people approve it, then publish",
        )


def copy_assets(folder: Path) -> list[Path]:
    """Copy the stylesheet and its pictures into ``folder/assets``."""
    shutil.copytree(ASSETS, folder / "assets", dirs_exist_ok=True)
    return sorted(p for p in (folder / "assets").rglob("*") if p.is_file())


def _pages(found: Determination, language: str) -> dict[str, str]:
    made = documents(found, language)
    own = [d for d in (found.incident.domain, found.incident.site) if d]
    names = [n.domain for n in look_alikes(own, LOOK_ALIKES)] if own else []
    return {
        page: render(
            template,
            language,
            frame=frame_of(found, language, page),
            document=made[name],
            look_alikes=names,
        )
        for page, (name, template) in PAGES.items()
    }


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path
