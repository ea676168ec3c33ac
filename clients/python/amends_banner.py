"""Ask an Amends site what to show to the holder of an account, and never let it disturb the page.

One file, for any Python from 3.9, to be copied into the company's own server. The request needs the standard library
only. Answers are checked with the package ``cryptography`` when it is there; without it give ``verify=None`` knowingly,
and only over TLS to an address you trust, or put in a function of your own.

    client = BannerClient("https://help.larkspur.example", read_key("banner.json"))
    banner = client.banner("1234567890")          # the account as your systems write it
    html = render(banner, "es")

Whatever goes wrong (no answer in 300 ms, an error, a bad signature, an answer that is old or about somebody else) the
banner is neutral: it makes no claim either way and points to the site. A banner never counts as notice.
"""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import hmac
import html
import http.client
import json
import re
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SKEW_SECONDS = 60
"""How far the site's clock may be ahead of ours."""

KEYS_SECONDS = 3600.0
"""For how long the site's public keys are kept."""

_MOST_BYTES = 64 * 1024
_LANGUAGES = ("en", "es")
_WORDS = ("headline", "sentence", "offer", "notice", "link_text", "link")

Verify = Callable[[bytes, bytes, bytes], bool]
"""``verify(public_key, message, signature)``: an Ed25519 check (RFC 8032)."""


@dataclass(frozen=True)
class Key:
    """What the company holds, from ``CASE/keys/banner.json``."""

    key_id: str
    request_key: bytes = field(repr=False)
    account_key: bytes = field(repr=False)

    def account_ref(self, account: str) -> str:
        """Return the reference of an account: 64 hex digits. Signs between letters and leading zeros do not matter."""
        form = re.sub(r"[^0-9A-Za-z]", "", account).upper().lstrip("0")
        return hmac.new(self.account_key, form.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Banner:
    """What to show.

    Attributes:
        state: ``yes``, ``no``, ``undecided``, or ``neutral`` when nothing is known for sure.
        elements: Codes of the person's data elements.
        offers: Product, months, ``enrol_by_on`` and ``claim`` of each offer.
        texts: Language -> ``headline, sentence, elements, offer, notice, link_text, link``.
        edition: The edition it was read from; 0 when neutral.
        why: Why it is neutral, for your log; holds nothing personal.
        token: The answer as it was signed, for a browser that checks it again; "" when neutral.
    """

    state: str
    elements: tuple[str, ...] = ()
    offers: tuple[Mapping[str, Any], ...] = ()
    texts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    edition: int = 0
    why: str = ""
    token: str = field(default="", repr=False)


class NeutralError(Exception):
    """There is no answer to rely on."""


def read_key(path: str) -> Key:
    """Read ``banner.json``."""
    held = json.loads(Path(path).read_text("utf-8"))
    return Key(
        held["key_id"], bytes.fromhex(held["request_key"]), bytes.fromhex(held["account_key"])
    )


def sign(key: Key, method: str, path: str, timestamp: int, nonce: str) -> dict[str, str]:
    """Return the four headers of a signed request."""
    message = f"{method}\n{path}\n{timestamp}\n{nonce}".encode()
    return {
        "X-Amends-Key": key.key_id,
        "X-Amends-Timestamp": str(timestamp),
        "X-Amends-Nonce": nonce,
        "X-Amends-Signature": hmac.new(key.request_key, message, hashlib.sha256).hexdigest(),
    }


def verify_with_cryptography(public: bytes, message: bytes, signature: bytes) -> bool:
    """Check an Ed25519 signature with the package ``cryptography``."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - optional
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class BannerClient:
    """Asks the site. Many threads may ask at once; each keeps its connection.

    Args:
        site: Address of the site or of its banner API, such as ``https://help.larkspur.example``.
        key: The company's key.
        link: Where the neutral banner points, by language; pages of ``site`` when left out.
        entity: Name of the company, for the neutral banner.
        timeout: Seconds until the banner is neutral.
        verify: Checks signatures; ``None`` trusts the connection alone.
        public_keys: Key id -> public key of the site, when it is known beforehand; else asked of ``/v1/keys``.
        context: TLS settings.
        threads: Requests under way at once; beyond it banners wait, and are neutral when their time is over.
    """

    def __init__(
        self,
        site: str,
        key: Key,
        *,
        link: Mapping[str, str] | None = None,
        entity: str = "",
        timeout: float = 0.3,
        verify: Verify | None = verify_with_cryptography,
        public_keys: Mapping[str, bytes] | None = None,
        context: ssl.SSLContext | None = None,
        threads: int = 32,
    ) -> None:
        parts = urlsplit(site)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the site's address starts with https://")
        self._parts = parts
        self._key = key
        self._timeout = timeout
        self._verify = verify
        self._context = context
        self._pinned = dict(public_keys or {})
        self._known: dict[str, bytes] = dict(self._pinned)
        self._known_at = 0.0
        self._own = threading.local()
        self._connections: set[http.client.HTTPConnection] = set()
        self._lines: set[_Line] = set()
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, "amends-banner")
        root = f"{parts.scheme}://{parts.netloc}"
        self.link: Mapping[str, str] = link or {n: f"{root}/{n}/" for n in _LANGUAGES}
        self._neutral = neutral_texts(entity, self.link)

    def account_ref(self, account: str) -> str:
        """Return the reference of an account, which the browser's client compares."""
        return self._key.account_ref(account)

    def banner(self, account: str) -> Banner:
        """Return the banner of an account. Never raises, and takes no longer than the timeout."""
        line = _Line(time.monotonic() + self._timeout)
        try:
            asked = self._pool.submit(self._ask, self._key.account_ref(account), line)
            return asked.result(self._timeout)
        except NeutralError as reason:
            return self.neutral(str(reason))
        except concurrent.futures.TimeoutError:
            asked.cancel()
            line.cut()
            return self.neutral("timeout")
        except Exception as error:  # a banner must never break the page it stands on
            return self.neutral(type(error).__name__)

    def close(self) -> None:
        """Let go of the threads and their connections; banners under way are neutral."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for line in list(self._lines):
            line.cut()
        self._pool.shutdown(wait=True)
        for connection in list(self._connections):
            connection.close()

    def _ask(self, ref: str, line: _Line) -> Banner:
        self._lines.add(line)
        try:
            return self._answer(ref, line)
        finally:
            self._lines.discard(line)

    def _answer(self, ref: str, line: _Line) -> Banner:
        token = self._get(f"/v1/banner/{ref}", line, signed=True)
        payload = self._read(token, ref, line)
        return Banner(
            state=payload["state"],
            elements=tuple(payload["elements"]),
            offers=tuple(payload["offers"]),
            texts=payload["texts"],
            edition=payload["edition"],
            token=token,
        )

    def neutral(self, why: str = "") -> Banner:
        """Return the banner that makes no claim."""
        return Banner("neutral", texts=self._neutral, why=why)

    def _read(self, token: str, ref: str, line: _Line) -> dict[str, Any]:
        """Return what an answer says, once it is known to be the site's, fresh, and about this account."""
        head, body, mark = token.split(".")
        header = json.loads(_bytes(head))
        if header.get("alg") != "EdDSA":
            raise NeutralError("algorithm")
        if self._verify is not None:
            public = self._public(header.get("kid", ""), line)
            if not self._verify(public, f"{head}.{body}".encode(), _bytes(mark)):
                raise NeutralError("signature")
        payload = json.loads(_bytes(body))
        now = time.time()
        if not isinstance(payload, dict) or not hmac.compare_digest(str(payload.get("sub")), ref):
            raise NeutralError("another account")
        if not payload["iat"] - SKEW_SECONDS <= now < payload["exp"]:
            raise NeutralError("time")
        if payload["state"] not in ("yes", "no", "undecided"):
            raise NeutralError("state")
        for language in _LANGUAGES:
            texts = payload["texts"][language]
            if not all(isinstance(texts[n], str) for n in _WORDS):
                raise NeutralError("texts")
            if len(texts["elements"]) != len(payload["elements"]):
                raise NeutralError("elements")
        return payload

    def _public(self, key_id: str, line: _Line) -> bytes:
        found = self._known.get(key_id)
        old = time.monotonic() - self._known_at > KEYS_SECONDS
        if found is not None and (self._pinned or not old):
            return found
        if self._pinned:
            raise NeutralError("unknown key")
        held = json.loads(self._get("/v1/keys", line, signed=False))["keys"]
        self._known = {
            k["kid"]: _bytes(k["x"]) for k in held if (k["kty"], k["crv"]) == ("OKP", "Ed25519")
        }
        self._known_at = time.monotonic()
        if key_id not in self._known:
            raise NeutralError("unknown key")
        return self._known[key_id]

    def _get(self, path: str, line: _Line, *, signed: bool) -> str:
        """Return the body of a 200; a connection that was kept and has gone is opened once more."""
        path_sent = self._parts.path.rstrip("/") + path
        for fresh in (False, True):
            kept: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
            again = kept is not None and not fresh
            connection = kept if kept is not None and again else self._connect(line.left())
            line.connection = connection
            headers = {"Accept-Encoding": "identity"}
            if signed:
                nonce = secrets.token_hex(16)
                headers.update(sign(self._key, "GET", path_sent, int(time.time()), nonce))
            try:
                return _exchange(connection, path_sent, headers, line)
            except (http.client.HTTPException, OSError, NeutralError) as error:
                connection.close()
                self._connections.discard(connection)
                self._own.connection = None
                gone = isinstance(error, (ConnectionError, http.client.RemoteDisconnected))
                if not (again and gone):
                    raise
        raise NeutralError("no answer")

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        made: http.client.HTTPConnection
        if self._parts.scheme == "https":
            made = http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)
        else:
            made = http.client.HTTPConnection(host, port, timeout=timeout)
        self._own.connection = made
        self._connections.add(made)
        return made


class _Line:
    """One question under way: how long it may take, and what to cut when it takes longer."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self.connection: http.client.HTTPConnection | None = None

    def left(self) -> float:
        """Return the seconds left; raise when there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise NeutralError("timeout")
        return left

    def cut(self) -> None:
        """End a connection that another thread waits on, so that a slow drip does not hold the thread."""
        held = self.connection.sock if self.connection is not None else None
        if held is not None:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def _exchange(
    connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str], line: _Line
) -> str:
    """Send one GET and return its body."""
    if connection.sock is None:
        connection.connect()
    connection.sock.settimeout(line.left())
    connection.request("GET", path, headers=dict(headers))
    with connection.getresponse() as answer:
        body = answer.read(_MOST_BYTES + 1)
        line.left()
        if answer.status != 200 or len(body) > _MOST_BYTES:
            raise NeutralError(f"status {answer.status}")
    return body.decode("utf-8")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def neutral_texts(entity: str, link: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the words of the neutral banner: no claim either way, and where to read on."""
    where = {"en": f" at {entity}" if entity else "", "es": f" en {entity}" if entity else ""}
    words = {
        "en": (
            f"There was a data breach{where['en']}",
            "Here is what happened and what you can do.",
            "This banner is not a notice. If your information was involved, you get a letter or an e-mail.",
            "What happened, and what you can do",
        ),
        "es": (
            f"Hubo una violación de datos{where['es']}",
            "Aquí puede leer qué pasó y qué puede hacer.",
            "Este mensaje no es un aviso. Si su información está involucrada, recibirá una carta o un correo "
            "electrónico.",
            "Qué pasó y qué puede hacer usted",
        ),
    }
    return {
        language: {
            "headline": headline,
            "sentence": sentence,
            "elements": [],
            "offer": "",
            "notice": notice,
            "link_text": link_text,
            "link": link.get(language, ""),
        }
        for language, (headline, sentence, notice, link_text) in words.items()
    }


def render(banner: Banner, language: str = "en") -> str:
    """Return the banner as HTML: a labelled region that works without style or script."""
    chosen = language if language in banner.texts else "en"
    words = banner.texts[chosen]
    items = "".join(f"<li>{html.escape(str(name))}</li>" for name in words["elements"])
    offer = html.escape(words["offer"])
    link = str(words["link"])
    anchor = (
        f'<p><a href="{html.escape(link)}">{html.escape(words["link_text"])}</a></p>'
        if urlsplit(link).scheme in ("https", "http")
        else ""
    )
    return (
        f'<section class="amends-banner" data-state="{html.escape(banner.state)}" lang="{chosen}" '
        'aria-labelledby="amends-banner-title">'
        f'<h2 id="amends-banner-title">{html.escape(words["headline"])}</h2>'
        f"<p>{html.escape(words['sentence'])}</p>"
        f"{f'<ul>{items}</ul>' if items else ''}"
        f"{f'<p>{offer}</p>' if offer else ''}"
        f"<p>{html.escape(words['notice'])}</p>{anchor}</section>"
    )
