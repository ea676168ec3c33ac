"""Render a public page: one frame, one stylesheet, no script, no style in the page.

A page extends ``base.html.j2`` and fills the blocks ``title``, ``head`` and ``main`` (one ``<h1>`` in it)::

    {% extends "base.html.j2" %}
    {% import "parts.html.j2" as parts with context %}
    {% block title %}Check your letter{% endblock %}
    {% block main %}
    <h1>Check your letter</h1>
    <form class="usa-form usa-form--large" method="post" action="check">
    {{ parts.errors("There is a problem", faults) }}
    {{ parts.field("code", "Your letter's code", hint="16 letters and digits", error=wrong, maxlength=40) }}
    <button class="usa-button" type="submit">Continue</button>
    </form>
    {% endblock %}

Always there: ``language``, ``ui`` (words of the frame) and ``frame``; ``frame.link("faq.html")`` is the address of a
page from the page shown, ``frame.link("check", "es")`` in the other language. A missing value
is an error, never a blank.

Classes there are (others are not in the stylesheet; add them to ``style/classes.txt`` and run ``tools/site_css.sh``):

    forms           usa-form (--large), usa-form-group (--error), usa-label, usa-hint, usa-input (--error), usa-select,
                    usa-textarea, usa-error-message, usa-fieldset, usa-legend, usa-radio__input (--tile) and __label,
                    usa-checkbox__input and __label: use the macros ``parts.field`` and ``parts.radios``
    alerts          usa-alert --info --success --warning --error (--slim --no-icon) with __body __heading __text:
                    ``{% call parts.alert("warning", "Heading") %}…{% endcall %}``
    summary box     usa-summary-box > __body > __heading, __text: the answer in short
    process list    ol.usa-process-list > li.usa-process-list__item > h3.usa-process-list__heading: what to do in order
    step indicator  usa-step-indicator (--counters): of a claim in three steps
    accordion       details.question > summary > h3; then div
    cards           ul.usa-card-group > li.usa-card > .usa-card__container > __header __body __footer;
                    ul.stacked-choice > li: two or three choices side by side
    tables          usa-table (--borderless --striped --stacked: cells then need data-label), th/td.number for figures
    buttons         usa-button (--outline --secondary --unstyled --big); p.actions lays out a row of them
    lists           usa-list, ul.facts > li > span + span.facts__count (+ .facts__note), ul.offices (``parts.offices``)
    text            usa-intro or lead, dated, signature, usa-tag, letter-code, enrolment-code, usa-sr-only
    grid            grid-container, grid-row grid-gap, tablet:grid-col-4 -6 -8
    print           no-print hides; navigation, forms and p.actions are not printed
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import jinja2

from amends.portal.shapes import LANGUAGES, Determination
from amends.portal.words.contacts import line_target
from amends.portal.words.frame import frame_words
from amends.portal.words.language import day_words
from amends.portal.words.plain import is_page, spans

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "assets"

MAIN_PAGES = ("index.html", "what-was-taken.html", "what-to-do.html", "faq.html", "updates.html")
DYNAMIC_PAGES = ("check", "contact", "is-it-you")
MORE_PAGES = ("contact", "is-it-you", "not-us.html", "notice.html", "media.html", "about.html")

COUNTED = frozenset(
    (
        "elements", "taken", "seen", "exposed", "encrypted", "possible", "populations", "first", "new_elements",
    )
)  # fmt: skip
"""Parts whose lines end in a figure; it is set apart."""

_NAMES = {"en": "English", "es": "Español"}


@dataclass(frozen=True)
class Frame:
    """What the header and footer of a page need.

    Attributes:
        language: Language of the page.
        page: Its name in an address, such as ``faq.html`` or ``check``.
        root: Way from the page to the folder that holds ``en``, ``es`` and ``assets``.
        entity: The company.
        phone: Its toll-free number, "" when it has none.
        email: Its address, "" when it has none.
        address: Its postal address.
        edition_line: Which edition the page shows, from which run.
        links: Whether texts link to other pages; a text of the kit cannot where the site has no address.
    """

    language: str
    page: str
    root: str
    entity: str
    phone: str
    email: str
    address: tuple[str, ...]
    edition_line: str
    languages: tuple[tuple[str, str], ...] = field(default=tuple(_NAMES.items()))
    main_pages: tuple[str, ...] = MAIN_PAGES
    more_pages: tuple[str, ...] = MORE_PAGES
    links: bool = True

    def link(self, page: str, language: str = "") -> str:
        """Return the address of a page, seen from this one."""
        return f"{self.root}{language or self.language}/{page}"

    def href(self, target: str) -> str:
        """Return where a link of a text leads: a page of this site, or an address elsewhere; "" for nowhere."""
        if is_page(target):
            return self.link(target) if self.links else ""
        return target if target.startswith("tel:") else f"https://{target}"

    @property
    def phone_link(self) -> str:
        """Return the telephone number for a link, digits and plus sign only."""
        return re.sub(r"[^0-9+]", "", self.phone)


def frame_of(found: Determination, language: str, page: str, root: str = "../") -> Frame:
    """Return the frame of a page of this edition.

    Args:
        found: The released determination; its letters are not needed.
        language: ``en`` or ``es``.
        page: Its name, such as ``faq.html`` or ``check``.
        root: ``../`` for ``/en/check``, ``../../`` for ``/en/you/letter``, ``/`` where the address is not known.
    """
    incident, edition = found.incident, found.edition
    line = frame_words(language).edition.format(
        edition=edition.edition,
        released_on=day_words(edition.released_on, language),
        run=found.run,
    )
    return Frame(
        language, page, root, incident.entity, incident.phone, incident.email, incident.address, line
    )  # fmt: skip


@cache
def environment(*folders: Path) -> jinja2.Environment:
    """Return the environment of templates: folders of the caller first, then the pages' own.

    Values are escaped in every template, whatever its name; a missing value is an error.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "spans": spans,
        "line_target": line_target,
        "counted_parts": COUNTED,
    }
    return made


def render(
    template: str, language: str, *, folders: tuple[Path, ...] = (), **values: object
) -> str:
    """Return a page.

    Args:
        template: Name of the template, such as ``document.html.j2``.
        language: ``en`` or ``es``; anything else is shown in English.
        folders: Folders with templates of the caller, searched first.
        values: What the template shows; ``frame`` (of ``frame_of``) always.

    Raises:
        jinja2.UndefinedError: A value is missing.
    """
    shown = language if language in LANGUAGES else LANGUAGES[0]
    page = environment(*folders).get_template(template)
    return page.render(language=shown, ui=frame_words(shown), **values)
