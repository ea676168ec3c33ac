"""Signing in through an identity provider: OpenID Connect, authorization code with PKCE.

Source:
    OpenID Connect Core 1.0, section 3.1 (id token: 3.1.3.7); Discovery 1.0; RFC 7636 (PKCE); RFC 9207 (issuer in the
    answer); RFC 9700 (OAuth 2.0 security).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import sqlalchemy as sa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from amends.console import accounts, render
from amends.console.base import Refused, User
from amends.console.desk import Desk
from amends.console.roles import ROLES, landing
from amends.console.sign_in import SignIn
from amends.kernel import clock, ids
from amends.kernel.errors import UsageError
from amends.kernel.register import make_tables

METADATA = sa.MetaData()

BEGUN = sa.Table(
    "console_oidc",
    METADATA,
    sa.Column("state_hash", sa.String(64), primary_key=True),
    sa.Column("browser_hash", sa.String(64), nullable=False),
    sa.Column("nonce", sa.String(64), nullable=False),
    sa.Column("verifier", sa.String(128), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)

MINUTES = 10
"""Time to sign in at the provider."""

LEEWAY_SECONDS = 60
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"]
"""Asymmetric only: neither ``none`` nor one in which our own secret could sign."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass
class Provider:
    """The identity provider of a case.

    Attributes:
        issuer: Its address, exactly as its tokens name it.
        client_id: What it calls this console.
        secret: Client secret, or "".
        role_claim: Claim that names the role.
        secure: Whether the console is reached by https.
    """

    issuer: str
    client_id: str
    secret: str
    role_claim: str
    secure: bool
    _places: Mapping[str, str] = field(default_factory=dict)
    _keys: KeySet | None = None

    @property
    def name(self) -> str:
        """Return the provider's host, as the button names it."""
        return urlsplit(self.issuer).hostname or self.issuer

    async def places(self) -> Mapping[str, str]:
        """Return where the provider takes what, from its discovery document.

        Raises:
            Refused: It does not answer, or is another than it should be.
        """
        if not self._places:
            found = await _get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            if (
                any(not isinstance(found.get(n), str) for n in names)
                or found["issuer"] != self.issuer
            ):
                raise _refused("The identity provider is not the one in case.toml")
            for name in names[1:]:
                _check_address(str(found[name]))
            self._places = {n: str(found[n]) for n in names}
        return self._places

    async def keys(self, *, fresh: bool = False) -> KeySet:
        """Return the keys the provider signs with."""
        if fresh or self._keys is None:
            found: Any = await _get((await self.places())["jwks_uri"])  # Any: joserfc checks it
            self._keys = KeySet.import_key_set(found)
        return self._keys

    async def claims(self, token: str, nonce: str) -> dict[str, object]:
        """Return the claims of an id token after every check of section 3.1.3.7.

        Raises:
            Refused: One of them fails; the words do not say which, the log does.
        """
        try:
            try:
                read = jwt.decode(token, await self.keys(), algorithms=ALGORITHMS)
            except (JoseError, ValueError):  # the provider may have taken new keys
                read = jwt.decode(token, await self.keys(fresh=True), algorithms=ALGORITHMS)
            jwt.JWTClaimsRegistry(
                now=int(clock.now().timestamp()),
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(read.claims)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused("The identity provider's token cannot be used") from error
        claims = dict(read.claims)
        audience = claims.get("aud")
        several = isinstance(audience, list) and len(audience) > 1
        if (several or "azp" in claims) and claims.get("azp") != self.client_id:
            raise _refused("The identity provider's token is for somebody else")
        return claims


def provider_of(desk: Desk, *, secure: bool) -> Provider | None:
    """Return the identity provider that ``case.toml`` names, or ``None``.

    Raises:
        UsageError: Its address is neither https nor on this machine, or the secret cannot be read.
    """
    issuer = desk.config.text("console", "oidc_issuer")
    if not issuer:
        return None
    _check_address(issuer)
    secret_file = desk.config.text("console", "oidc_secret_file")
    secret = ""
    if secret_file:
        try:
            secret = (desk.folder / Path(secret_file)).read_text("utf-8").strip()
        except OSError as error:
            raise UsageError(
                "The client secret cannot be read", where="case.toml [console] oidc_secret_file"
            ) from error
    make_tables(desk.register, METADATA)
    return Provider(
        issuer,
        desk.config.text("console", "oidc_client_id"),
        secret,
        desk.config.text("console", "oidc_role_claim"),
        secure,
    )


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise UsageError(
            "An identity provider is reached by https only", where="case.toml [console] oidc_issuer"
        )


def routes(provider: Provider, sign_in: SignIn) -> list[Route]:
    """Return the two routes: the way to the provider, and the way back."""
    pages = _Pages(provider, sign_in)
    return [
        Route("/sign-in/oidc", pages.go, methods=["GET"]),
        Route("/sign-in/oidc/back", pages.back, methods=["GET"]),
    ]


class _Pages:
    def __init__(self, provider: Provider, sign_in: SignIn) -> None:
        self._provider = provider
        self._sign_in = sign_in
        self._register = sign_in.desk.register
        self._cookie = f"{'__Host-' if sign_in.secure else ''}amends-oidc"

    async def go(self, request: Request) -> Response:
        """Send the browser to the provider with fresh state, nonce and challenge."""
        try:
            places = await self._provider.places()
        except Refused as error:
            return _sorry(error)
        state, browser, nonce, verifier = (ids.new(32) for _ in range(4))
        await run_in_threadpool(self._remember, state, browser, nonce, verifier)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._provider.client_id,
            "redirect_uri": self._here(request),
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        place = places["authorization_endpoint"]
        answer = RedirectResponse(f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}", 303)
        # Lax: the provider sends the browser back from another site; the cookie only ties the answer to this browser.
        answer.set_cookie(
            self._cookie, browser, max_age=60 * MINUTES, path="/", secure=self._sign_in.secure, httponly=True,
            samesite="lax",
        )  # fmt: skip
        return answer

    async def back(self, request: Request) -> Response:
        """Take the provider's answer: once, from the browser that asked, and no later than in ten minutes."""
        try:
            user = await self._user(request)
        except Refused as error:
            return _sorry(error)
        # A page of our own that leads on: after a redirect from another site a Strict cookie would not be sent.
        page = render.html("signed_in.html", {"to": landing(user.role), "shown": user.shown})
        answer = await self._sign_in.let_in(request, user, "oidc", HTMLResponse(page))
        answer.delete_cookie(self._cookie, path="/", secure=self._sign_in.secure, httponly=True)
        return answer

    async def _user(self, request: Request) -> User:
        given = request.query_params
        browser = request.cookies.get(self._cookie, "")
        begun = await run_in_threadpool(self._recall, given.get("state", ""), browser)
        if begun is None or given.get("iss", self._provider.issuer) != self._provider.issuer:
            raise _refused("This sign-in was not begun here, or was used or too slow")
        if "error" in given or not given.get("code"):
            raise _refused("The identity provider did not let you in")
        token = await self._token(request, given["code"], begun["verifier"])
        claims = await self._provider.claims(token, begun["nonce"])
        role = claims.get(self._provider.role_claim)
        if not isinstance(role, str) or role not in ROLES:
            raise _refused("The identity provider names no role of this console for you")
        subject = ids.digest_text(f"{self._provider.issuer}|{claims['sub']}")
        shown = str(
            claims.get("name")
            or claims.get("preferred_username")
            or claims.get("email")
            or claims["sub"]
        )
        user = await run_in_threadpool(
            accounts.from_provider, self._register, subject, " ".join(shown.split()), role
        )
        if user is None:
            raise _refused("This account is disabled")
        return user

    async def _token(self, request: Request, code: str, verifier: str) -> str:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._here(request),
            "client_id": self._provider.client_id,
            "code_verifier": verifier,
        }
        if self._provider.secret:
            fields["client_secret"] = self._provider.secret
        place = (await self._provider.places())["token_endpoint"]
        token = (await _send("POST", place, fields)).get("id_token")
        if not isinstance(token, str):
            raise _refused("The identity provider gave no token")
        return token

    def _here(self, request: Request) -> str:
        scheme = "https" if self._sign_in.secure else "http"
        return f"{scheme}://{request.headers['host']}/sign-in/oidc/back"

    def _remember(self, state: str, browser: str, nonce: str, verifier: str) -> None:
        old = clock.stamp(clock.now() - timedelta(minutes=MINUTES))
        with self._register.begin() as connection:
            connection.execute(BEGUN.delete().where(BEGUN.c.at < old))
            connection.execute(BEGUN.insert().values(
                state_hash=ids.digest_text(state), browser_hash=ids.digest_text(browser), nonce=nonce,
                verifier=verifier, at=clock.stamp(),
            ))  # fmt: skip

    def _recall(self, state: str, browser: str) -> Mapping[str, str] | None:
        """Return what was begun with this state and take it away: an answer is taken once."""
        old = clock.stamp(clock.now() - timedelta(minutes=MINUTES))
        here = BEGUN.c.state_hash == ids.digest_text(state)
        with self._register.begin() as connection:
            row = connection.execute(sa.select(BEGUN).where(here)).mappings().first()
            taken = connection.execute(BEGUN.delete().where(here)).rowcount
        if row is None or not taken or row["at"] < old:
            return None
        return dict(row) if row["browser_hash"] == ids.digest_text(browser) else None


def _refused(what: str) -> Refused:
    return Refused(
        what, remedy="begin again from the sign-in page; ask who runs the console if it stays"
    )


def _sorry(error: Refused) -> Response:
    return HTMLResponse(
        render.html(
            "signed_in.html", {"to": "", "shown": "", "what": error.what, "remedy": error.remedy}
        ),
        403,
    )


async def _get(address: str) -> dict[str, object]:
    return await _send("GET", address, None)


async def _send(method: str, address: str, fields: Mapping[str, str] | None) -> dict[str, object]:
    """Ask the provider; an answer that is no JSON object is none."""
    try:
        async with httpx.AsyncClient(timeout=10, follow_redirects=False) as client:
            answer = await client.request(method, address, data=fields)
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise _refused("The identity provider does not answer as it should") from error
    if not isinstance(found, dict):
        raise _refused("The identity provider does not answer as it should")
    return found
