"""A root key in the transit engine of OpenBao or HashiCorp Vault: it never leaves the service.

The service is asked once when a vault is opened. The token stands in a file, as an agent writes it; it needs
``update`` on ``MOUNT/encrypt/KEY`` and ``MOUNT/decrypt/KEY``, and on ``MOUNT/rewrap/KEY`` for ``amends vault rewrap``.

Source:
    OpenBao documentation, API, transit secrets engine, and HTTP API (status codes, errors); read 2026-11-22. The
    endpoint ``rewrap`` takes no associated data, so what a secret is about stands, as a digest, in front of it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from amends.kernel.errors import TableError, UsageError
from amends.vault.roots.base import wrong_root

ATTEMPTS = 4
FIRST_WAIT_S = 0.25
TIMEOUT_S = 10.0
_MAX_ANSWER_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_WRAPPED = re.compile(r"vault:v[1-9][0-9]*:[A-Za-z0-9+/]+=*")
_ABOUT_BYTES = 32
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Service:
    """Where the key is, and how to get there.

    Attributes:
        address: ``https://host:port``; plain ``http`` only to this machine.
        key: Name of the transit key.
        token_file: File that holds the client token.
        mount: Where the transit engine is mounted.
        ca_file: Certificates to trust, in PEM; "" for those of the system.
        namespace: Namespace, or "".
    """

    address: str
    key: str
    token_file: str
    mount: str = "transit"
    ca_file: str = ""
    namespace: str = ""

    def check(self) -> None:
        """Refuse what cannot be, before anything is sent.

        Raises:
            UsageError: The address, the name of the key or of the mount cannot be used.
        """
        parts = urlsplit(self.address)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if not parts.hostname or not (parts.scheme == "https" or plain):
            raise UsageError(
                "The key service must be reached over https",
                where=parts.hostname or "no host",
                remedy="write https://host:8200 (plain http only to this machine)",
            )
        if parts.username or parts.password or parts.query or parts.fragment:
            raise UsageError(
                "The address of the key service holds more than host, port and path",
                where=parts.hostname,
                remedy="leave user, password and query out; the token stands in a file",
            )
        for name in (self.key, *self.mount.split("/")):
            if not _NAME.fullmatch(name):
                raise UsageError(
                    "The name of the transit key or of its mount cannot be used",
                    where=parts.hostname,
                    remedy="use letters, digits, _ . - as in: --transit-key amends",
                )


class TransitRoot:
    """A root key behind a key service.

    Args:
        service: Where.
        wait: Waits so many seconds; a seam for tests.
    """

    kind = "transit"

    def __init__(self, service: Service, wait: Callable[[float], None] = time.sleep) -> None:
        service.check()
        self.service = service
        self._wait = wait

    def wrap(self, secret: bytes, about: str) -> str:
        """Return the secret as the service encrypted it."""
        plain = base64.b64encode(_digest(about) + secret).decode()
        return _ciphertext(self._post("encrypt", {"plaintext": plain}), self._host)

    def unwrap(self, wrapped: str, about: str) -> bytes:
        """Return the secret as the service decrypted it."""
        answer = self._post("decrypt", {"ciphertext": wrapped})
        try:
            plain = base64.b64decode(str(answer["plaintext"]), validate=True)
        except (KeyError, ValueError) as error:
            raise _strange(self._host) from error
        if not hmac.compare_digest(plain[:_ABOUT_BYTES], _digest(about)):
            raise wrong_root(self._host, "use the key service and the keyring that belong together")
        return plain[_ABOUT_BYTES:]

    def renew(self, wrapped: str) -> str:
        """Return the same secret under the newest version of the transit key; it does not leave the service."""
        return _ciphertext(self._post("rewrap", {"ciphertext": wrapped}), self._host)

    def key_versions(self) -> Mapping[str, int]:
        """Return ``latest_version`` and ``min_decryption_version`` of the transit key.

        Raises:
            UsageError: The token may not read the key.
        """
        answer = self._ask("GET", f"keys/{self.service.key}", None)
        return {
            name: int(str(answer.get(name, 0)))
            for name in ("latest_version", "min_decryption_version")
        }

    def describe(self) -> Mapping[str, object]:
        """Return where the key is; the token is not in it."""
        return {"kind": self.kind, **self.service.__dict__}

    @property
    def _host(self) -> str:
        return urlsplit(self.service.address).netloc

    def _post(self, act: str, body: Mapping[str, str]) -> Mapping[str, object]:
        return self._ask("POST", f"{act}/{self.service.key}", body)

    def _ask(self, method: str, place: str, body: Mapping[str, str] | None) -> Mapping[str, object]:
        url = f"{self.service.address.rstrip('/')}/v1/{self.service.mount}/{place}"
        headers = {
            "X-Vault-Token": _token(Path(self.service.token_file)),
            "X-Vault-Request": "true",
        }
        if self.service.namespace:
            headers["X-Vault-Namespace"] = self.service.namespace
        with httpx.Client(
            verify=_trust(self.service.ca_file),
            timeout=TIMEOUT_S,
            trust_env=False,  # a proxy named in the environment must not see keys
            follow_redirects=False,  # the token must not follow to another host
            headers=headers,
        ) as client:
            return self._answer(lambda: client.request(method, url, json=body))

    def _answer(self, send: Callable[[], httpx.Response]) -> Mapping[str, object]:
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            try:
                got = send()
            except httpx.TransportError as error:
                if last:
                    raise self._unreached(
                        error
                    ) from None  # the library's words may hold the address
            else:
                if not _passing(got) or last:
                    return self._read(got)
            self._wait(FIRST_WAIT_S * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _read(self, got: httpx.Response) -> Mapping[str, object]:
        if got.status_code != httpx.codes.OK:
            raise self._refused(got)
        try:
            answer = got.json()["data"] if len(got.content) <= _MAX_ANSWER_BYTES else None
        except (ValueError, KeyError, TypeError) as error:
            raise _strange(self._host) from error
        if not isinstance(answer, dict):
            raise _strange(self._host)
        return answer

    def _refused(self, got: httpx.Response) -> UsageError | TableError:
        what, remedy = _REFUSALS.get(
            got.status_code,
            (f"The key service answered {got.status_code}", "ask whoever runs it, then try again"),
        )
        if got.status_code == httpx.codes.SERVICE_UNAVAILABLE and _is_sealed(got):
            what, remedy = (
                "The key service is sealed",
                "have it unsealed, then run the command again",
            )
        if got.status_code == httpx.codes.BAD_REQUEST:
            return TableError(what, where=self._host, remedy=remedy)
        return UsageError(what, where=self._host, remedy=remedy)

    def _unreached(self, error: Exception) -> UsageError:
        why = (
            "in time"
            if isinstance(error, httpx.TimeoutException)
            else "or its certificate is not trusted"
        )
        return UsageError(
            f"The key service did not answer {why} ({ATTEMPTS} attempts)",
            where=self._host,
            remedy="check the address, the network and --transit-ca, then run the command again",
        )


_REFUSALS: Mapping[int, tuple[str, str]] = {
    400: (
        "The key service could not use its key on this keyring's secret",
        "name the key that wrapped it; if its min_decryption_version was raised too far, lower it and rewrap first",
    ),
    403: (
        "The key service refuses this token",
        "renew the token in its file, and let its policy update encrypt, decrypt and rewrap of this key",
    ),
    404: (
        "The key service knows no such path",
        "check the mount and the name of the key, and whether the token may see them",
    ),
    307: ("The key service sends us to another node", "give the address of the active node"),
    429: ("The key service is too busy", "wait and run the command again"),
    503: (
        "The key service is down for maintenance",
        "wait until it is up and run the command again",
    ),
}


def _passing(got: httpx.Response) -> bool:
    """Return whether an answer may be another in a moment."""
    if got.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return not _is_sealed(got)
    return got.status_code in (412, 429, 500, 502, 504)


def _is_sealed(got: httpx.Response) -> bool:
    return b"sealed" in got.content[:4096].lower()


def _digest(about: str) -> bytes:
    return hashlib.sha256(about.encode()).digest()


def _ciphertext(answer: Mapping[str, object], host: str) -> str:
    made = str(answer.get("ciphertext", ""))
    if not _WRAPPED.fullmatch(made):
        raise _strange(host)
    return made


def _strange(host: str) -> UsageError:
    return UsageError(
        "The key service answered in a way that is not its own",
        where=host,
        remedy="check that the address is that of OpenBao or Vault, and the mount one of transit",
    )


def _token(path: Path) -> str:
    """Return the client token; others than owner and group must not be able to read it."""
    try:
        open_to_all = path.stat().st_mode & 0o007
        token = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The token of the key service cannot be read",
            where=str(path),
            remedy="name the file that holds it: --token-file FILE",
        ) from error
    if open_to_all or not token or not token.isascii() or not token.isprintable():
        raise UsageError(
            "The token file of the key service is open to everybody, or holds no token",
            where=str(path),
            remedy=f"write the token into it, and run: chmod 600 {path}",
        )
    return token


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            "The certificates to trust cannot be read", where=ca_file, remedy="give a PEM file"
        ) from error
