"""Reading a form that a stranger sent: bounded, one reading only, and from a page of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from amends.site.gate import Refused

_MOST_FIELDS = 20
_KIND = b"application/x-www-form-urlencoded"
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; of a field given twice the first.

    Raises:
        Refused: It is no plain form in UTF-8, or has too many fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.encode("latin-1", "replace") != _KIND:
        raise Refused(415)
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        raise Refused(400) from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, _CONTROLS.sub(" ", value))
    return fields


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent.

    Browsers say who sends: in ``Sec-Fetch-Site``, and before that in ``Origin``, which is ``null`` where the page, as
    ours, gives no referrer. Whoever says neither is held to the token in the form.

    Raises:
        Refused: Another site sent it.

    Source:
        W3C Fetch Metadata Request Headers; OWASP Cross-Site Request Forgery Prevention cheat sheet (read 2026-11-22).
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Refused(403)
        return
    origin = request.headers.get("origin")
    if origin in (None, "null"):
        return
    host = request.headers.get("host", "")
    try:
        given = urlsplit(origin or "").netloc
    except ValueError:
        given = ""
    if not host or given.lower() != host.lower():
        raise Refused(403)
