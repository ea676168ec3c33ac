"""The words of the banner, in English and Spanish.

Source:
    The words for what happened are those of the letters. That a banner is no notice: R3 (a company's checker reached
    only who logged in); it is said in every banner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from amends.portal.shapes import LANGUAGES, Offer, State

ClaimState = Literal["open", "claimed", "closed"]

_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}

_HEADLINES: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("yes", "adult"): {
        "en": "Your personal information was part of a data breach at {entity}",
        "es": "Su información personal fue parte de una violación de datos en {entity}",
    },
    ("yes", "guardian"): {
        "en": "A child's personal information was part of a data breach at {entity}",
        "es": "La información personal de un menor fue parte de una violación de datos en {entity}",
    },
    ("yes", "next_of_kin"): {
        "en": "Personal information of the holder of this account was part of a data breach at {entity}",
        "es": "Información personal del titular de esta cuenta fue parte de una violación de datos en {entity}",
    },
    ("yes", "business"): {
        "en": "Information about your business was part of a data breach at {entity}",
        "es": "Información sobre su negocio fue parte de una violación de datos en {entity}",
    },
    ("no", ""): {
        "en": "We did not find this account in the data breach at {entity}",
        "es": "No encontramos esta cuenta en la violación de datos en {entity}",
    },
    ("undecided", ""): {
        "en": "There was a data breach at {entity}. We do not know yet whether it involves this account",
        "es": "Hubo una violación de datos en {entity}. Todavía no sabemos si involucra esta cuenta",
    },
}

_SENTENCES: Mapping[State, Mapping[str, str]] = {
    "yes": {
        "en": "This is the information that was involved:",
        "es": "Esta es la información involucrada:",
    },
    "no": {
        "en": "This is what we know as of {day} (edition {edition}).",
        "es": "Esto es lo que sabemos al {day} (edición {edition}).",
    },
    "undecided": {
        "en": "We are still checking.",
        "es": "Todavía lo estamos verificando.",
    },
}

_NOTICES: Mapping[State, Mapping[str, str]] = {
    "yes": {
        "en": "This banner is not your notice. We send you a letter or an e-mail that says the same, and what you "
        "can do.",
        "es": "Este mensaje no es su aviso. Le enviamos una carta o un correo electrónico que dice lo mismo y qué "
        "puede hacer.",
    },
    "no": {
        "en": "This banner is not a notice. If we find your information later, we will send you a letter or an e-mail.",
        "es": "Este mensaje no es un aviso. Si más tarde encontramos su información, le enviaremos una carta o un "
        "correo electrónico.",
    },
    "undecided": {
        "en": "This banner is not a notice. If your information was involved, we will send you a letter or an e-mail.",
        "es": "Este mensaje no es un aviso. Si su información está involucrada, le enviaremos una carta o un correo "
        "electrónico.",
    },
}

_OFFERS: Mapping[ClaimState, Mapping[str, str]] = {
    "open": {
        "en": "{months} months of {product}, free: claim it by {by} with the code in our letter or e-mail.",
        "es": "{months} meses de {product}, gratis: reclámelo a más tardar el {by} con el código de nuestra carta "
        "o correo electrónico.",
    },
    "claimed": {
        "en": "{months} months of {product}, free: you have claimed it.",
        "es": "{months} meses de {product}, gratis: usted ya lo reclamó.",
    },
    "closed": {
        "en": "{months} months of {product}: the last day to claim it was {by}.",
        "es": "{months} meses de {product}: el último día para reclamarlo fue el {by}.",
    },
}

_PROTECTION = {"en": "identity protection", "es": "protección de identidad"}

_CALL = {
    "en": " Questions: call {phone}.",
    "es": " Preguntas: llame al {phone}.",
}

_LINK = {
    "en": "What happened, and what you can do",
    "es": "Qué pasó y qué puede hacer usted",
}


@dataclass(frozen=True)
class BannerFacts:
    """What every banner of an edition names.

    Attributes:
        entity: The company.
        site: Public address of the site, without scheme; "" = not set.
        phone: Toll-free number; "" = not set.
        edition: Number of the edition.
        as_of: Day of its release.
    """

    entity: str
    site: str
    phone: str
    edition: int
    as_of: date


def banner_texts(
    facts: BannerFacts,
    state: State,
    audience: str,
    names: Mapping[str, tuple[str, ...]],
    offer: Offer | None,
    claim: ClaimState,
) -> dict[str, dict[str, object]]:
    """Return the words of one banner by language.

    Args:
        facts: What every banner of the edition names.
        state: What is answered.
        audience: Of whom it speaks, when the state is ``yes``.
        names: Language -> what the letter calls the elements, in its order.
        offer: The protection offered.
        claim: Where the person stands with it.

    Returns:
        Language -> ``headline, sentence, elements`` (a list of names), ``offer`` ("" without one), ``notice, link_text,
        link``.
    """
    headline = _HEADLINES[state, audience if state == "yes" else ""]
    found: dict[str, dict[str, object]] = {}
    for language in LANGUAGES:
        values = {
            "entity": facts.entity,
            "phone": facts.phone,
            "edition": facts.edition,
            "day": day_text(facts.as_of, language),
        }
        notice = _NOTICES[state][language] + (_CALL[language] if facts.phone else "")
        found[language] = {
            "headline": headline[language].format(**values),
            "sentence": _SENTENCES[state][language].format(**values),
            "elements": list(names.get(language) or names.get(LANGUAGES[0]) or ()),
            "offer": _offer_text(offer, claim, language) if offer else "",
            "notice": notice.format(**values),
            "link_text": _LINK[language],
            "link": f"https://{facts.site}/{language}/" if facts.site else "",
        }
    return found


def _offer_text(offer: Offer, claim: ClaimState, language: str) -> str:
    return _OFFERS[claim][language].format(
        months=offer.months,
        product=offer.product or _PROTECTION[language],
        by=day_text(offer.enrol_by_on, language),
    )


def day_text(on: date, language: str) -> str:
    """Return a day in words."""
    month = _MONTHS[language].split()[on.month - 1]
    if language == "es":
        return f"{on.day} de {month} de {on.year}"
    return f"{month} {on.day}, {on.year}"
