"""Answers that are made once and sent as they are: what every answer carries, and short pages for when things go wrong.

The short pages stand alone: no style sheet, no picture, nothing more to ask a busy server for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from itertools import cycle

Headers = tuple[tuple[bytes, bytes], ...]

POLICY = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"

EVERYWHERE: Headers = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    ),
)
"""Headers of every answer.

Source:
    OWASP Secure Headers Project, and OWASP HTTP Headers cheat sheet (read 2026-11-22).
"""

HTTPS: Headers = ((b"strict-transport-security", b"max-age=31536000"),)
"""Added when people come by https (RFC 6797): one year, this host only, the rest is the company's to decide."""

NO_STORE: Headers = ((b"cache-control", b"no-store"),)


@dataclass(frozen=True)
class Canned:
    """A whole answer, ready to send.

    Attributes:
        status: HTTP status.
        headers: All headers but those of https.
        body: The bytes.
        wire: The answer as bytes of HTTP/1.1, for use where no request was understood.
    """

    status: int
    headers: Headers
    body: bytes
    wire: bytes


_WORDS: Mapping[int, tuple[tuple[str, str], tuple[str, str]]] = {
    400: (
        ("We could not read that", "Please go back and try again, or call us."),
        ("No pudimos leer eso", "Vuelva atrás e inténtelo de nuevo, o llámenos."),
    ),
    403: (
        ("Please start again", "The page was open too long, or was not ours. Open the form again."),
        ("Empiece de nuevo", "La página estuvo abierta mucho tiempo o no era nuestra. Vuelva a abrir el formulario."),
    ),
    404: (
        ("There is no such page here", "Start from the first page."),
        ("Esa página no existe", "Empiece desde la primera página."),
    ),
    405: (
        ("That cannot be done here", "Start from the first page."),
        ("Eso no se puede hacer aquí", "Empiece desde la primera página."),
    ),
    408: (
        ("That took too long", "Please try again."),
        ("Tardó demasiado", "Inténtelo de nuevo."),
    ),
    413: (
        ("That is too long", "Please send a shorter text."),
        ("Eso es demasiado largo", "Envíe un texto más corto."),
    ),
    415: (
        ("We could not read that", "Please use the form on the page."),
        ("No pudimos leer eso", "Use el formulario de la página."),
    ),
    431: (
        ("We could not read that", "Your browser sent more than we take. Close it, open it and try again."),
        ("No pudimos leer eso", "Su navegador envió más de lo que aceptamos. Ciérrelo, ábralo e inténtelo de nuevo."),
    ),
    500: (
        ("Something went wrong here", "It is our fault, not yours. Please try again in a few minutes, or call us."),
        ("Algo falló aquí", "Es culpa nuestra, no suya. Inténtelo en unos minutos o llámenos."),
    ),
    503: (
        (
            "Very many people are asking",
            "Please come back in a few minutes. You have done nothing wrong. The general information is here:",
        ),
        (
            "Muchísimas personas están consultando",
            "Vuelva en unos minutos. Usted no ha hecho nada mal. La información general está aquí:",
        ),
    ),
}  # fmt: skip


_FIRST_PAGE = {"en": "First page", "es": "Primera página"}
_CALL = {"en": "You can also call {phone}.", "es": "También puede llamar al {phone}."}


def _page(status: int, phone: str) -> bytes:
    parts = []
    for language, (heading, text) in zip(("en", "es"), _WORDS[status], strict=True):
        call = f"<p>{escape(_CALL[language].format(phone=phone))}</p>" if phone else ""
        parts.append(
            f'<section lang="{language}"><h1>{escape(heading)}</h1><p>{escape(text)}</p>'
            f'<p><a href="/{language}/">{_FIRST_PAGE[language]}</a></p>{call}</section>'
        )
    title = escape(_WORDS[status][0][0])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f"<body><main>{''.join(parts)}</main></body></html>"
    ).encode()


def canned(status: int, phone: str = "", extra: Headers = ()) -> Canned:
    """Return the short page of a status, in both languages."""
    body = _page(status, phone)
    headers = (
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *NO_STORE,
        *EVERYWHERE,
        *extra,
    )
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in (*headers, (b"connection", b"close"))]
    return Canned(status, headers, body, b"\r\n".join(lines) + b"\r\n\r\n" + body)


class ShortPages:
    """The short pages of a site.

    Args:
        phone: The toll-free number, "" while there is none.
        extra: Headers beside those of every answer.
    """

    def __init__(self, phone: str = "", extra: Headers = ()) -> None:
        allow = ((b"allow", b"GET, HEAD, POST"),)
        self._pages = {
            status: canned(status, phone, extra + (allow if status == 405 else ()))
            for status in _WORDS
        }
        # After how long people are asked to come back differs, so that they do not all come back at once.
        self._busy = cycle(
            [
                canned(503, phone, (*extra, (b"retry-after", str(60 + 37 * i % 120).encode())))
                for i in range(24)
            ]
        )

    def __getitem__(self, status: int) -> Canned:
        return self._pages[status]

    def busy(self) -> Canned:
        """Return the answer of a site that has more to do than it can."""
        return next(self._busy)
