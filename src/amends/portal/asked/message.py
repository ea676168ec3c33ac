"""The message to the contact on file: the personal code and how to use it. It names no element, no person, no number.

It is the same for everybody but for the code, so the scam check knows its words.
"""

from __future__ import annotations

from dataclasses import dataclass

from amends.portal.shapes import Incident

_SUBJECTS = {"en": "The code you asked for", "es": "El código que usted pidió"}
_OPENING = {
    "en": "Somebody asked on {site} whether the data breach at {entity} concerns the owner of this mailbox. "
    "If you did not ask, you need not do anything.",
    "es": "Alguien preguntó en {site} si la violación de datos en {entity} afecta a quien usa este correo. "
    "Si usted no preguntó, no tiene que hacer nada.",
}
_WITH_CODE = {
    "en": """It does. This is your personal code:

    {code}

1. Type this address into your browser: https://{site}/en/check
2. Type the code. You will read which information about you was involved, and what you can do.

Keep the code to yourself. We will never ask you for it by telephone, and never for your Social Security number.""",
    "es": """Sí le afecta. Este es su código personal:

    {code}

1. Escriba esta dirección en su navegador: https://{site}/es/check
2. Escriba el código. Leerá qué información sobre usted estuvo involucrada y qué puede hacer.

No dé el código a nadie. Nunca se lo pediremos por teléfono, y nunca le pediremos su número de Seguro Social.""",
}
_WITHOUT_CODE = {
    "en": "More than one person is on file with this mailbox, so we do not send a code here. Each person's code is in "
    "the letter that we have sent or will send to them.",
    "es": "Más de una persona tiene este correo en nuestros registros; por eso no enviamos aquí ningún código. El "
    "código de cada persona está en la carta que le enviamos o le enviaremos.",
}
_ASK = {
    "en": "If you have no letter, or want to ask us something, call {phone}.",
    "es": "Si no tiene la carta o quiere preguntarnos algo, llame al {phone}.",
}
RULE = "\n" + "-" * 40 + "\n\n"


@dataclass(frozen=True)
class Message:
    """A message as it is sent: both languages, the person's first."""

    subject: str
    text: str
    language: str

    def __repr__(self) -> str:
        """Show no code."""
        return f"Message({self.language!r})"


def code_message(incident: Incident, language: str, code: str) -> Message:
    """Return the message for one person.

    Args:
        incident: Gives the company, the site and the telephone number.
        language: The person's own.
        code: The letter code; "" for a mailbox that more than one person uses.
    """
    first = language if language in _SUBJECTS else "en"
    second = "es" if first == "en" else "en"
    texts = _WITH_CODE if code else _WITHOUT_CODE
    given = {
        "site": incident.site,
        "entity": incident.entity,
        "code": code,
        "phone": incident.phone,
    }
    parts = []
    for one in (first, second):
        said = [_OPENING[one], texts[one], *([_ASK[one]] if incident.phone else [])]
        parts.append("\n\n".join(s.format(**given) for s in (*said, "{entity}")))
    subject = f"{_SUBJECTS[first]} - {incident.entity}"
    return Message(subject, RULE.join(parts) + "\n", first)


def sample_texts(incident: Incident) -> tuple[str, ...]:
    """Return the messages as the scam check compares them, without a code."""
    codes = ("XXXX-XXXX-XXXX-XXXX", "")
    return tuple(code_message(incident, lang, c).text for lang in ("en", "es") for c in codes)
