"""The keys of a site, drawn from the key of its case, and the company's own key for the banner.

PUBLISHED/keys/site.json  what the site needs: it can answer who brings a code, and read no contact
CASE/keys/banner.json     what the company needs to ask about its own customers; the site never has its account key

Drawn, not made up: a site set up again from the same case answers with the same handles.

Source:
    HKDF: RFC 5869, in ``vault.keys``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from amends.kernel import ids
from amends.kernel.errors import TableError, UsageError
from amends.vault.blind import BlindIndex
from amends.vault.boxes import ContactKeys, SecretBox
from amends.vault.keys import domain_key, load_root
from amends.vault.signing import SigningKey

SITE_FILE = "keys/site.json"
BANNER_FILE = "banner.json"
_VERSION = 1
_SIZE_BYTES = 32


@dataclass(frozen=True)
class SiteKeys:
    """What a site knows in secret.

    Attributes:
        case_id: The case it belongs to.
        index_key: Of the keyed hashes of codes and account references.
        signing_key: Signs the answers of the banner.
        edition_public: Checks that an edition was made by the case; its private part stays there.
        contact_public: Seals typed contacts for the case; its private part stays there.
        cookie_key: Of the cookie of the personal page.
        state_key: Of what the state keeps sealed, such as enrolment codes.
        sent_key: Of the register of what was sent.
        banner: Key id -> key by which the company signs its requests.
    """

    case_id: str
    index_key: bytes
    signing_key: bytes
    edition_public: bytes
    contact_public: bytes
    cookie_key: bytes
    state_key: bytes
    sent_key: bytes
    banner: Mapping[str, bytes]

    def __repr__(self) -> str:
        """Show no key."""
        return f"SiteKeys({self.case_id!r})"

    @cached_property
    def index(self) -> BlindIndex:
        """Return the blind index of codes and account references."""
        return BlindIndex(self.index_key)

    @cached_property
    def signing(self) -> SigningKey:
        """Return the key that signs answers."""
        return SigningKey.from_bytes(self.signing_key)

    @cached_property
    def box(self) -> SecretBox:
        """Return the box of what the state keeps sealed."""
        return SecretBox(self.state_key)


@dataclass(frozen=True)
class CompanyKeys:
    """The company's own key: it makes account references and signs requests.

    Attributes:
        key_id: Names it in requests.
        request_key: Signs requests; the site knows it too.
        account_key: Makes account references; the site never knows it.
    """

    key_id: str
    request_key: bytes
    account_key: bytes

    def __repr__(self) -> str:
        """Show no key."""
        return f"CompanyKeys({self.key_id!r})"


def contact_keys(case_keys: Path) -> ContactKeys:
    """Return the pair by which the case opens typed contacts."""
    return ContactKeys.from_bytes(_drawn(load_root(case_keys), "contact"))


def edition_key(case_keys: Path) -> SigningKey:
    """Return the key by which the case signs an edition."""
    return SigningKey.from_bytes(_drawn(load_root(case_keys), "edition"))


def company_keys(case_keys: Path) -> CompanyKeys:
    """Return the company's key, made at the first call (0600).

    Raises:
        TableError: The case's key is missing, or the file cannot be read.
    """
    path = case_keys / BANNER_FILE
    if not path.exists():
        root = load_root(case_keys)
        request, account = _drawn(root, "request"), _drawn(root, "account")
        key_id = ids.digest_text(request.hex())[:16]
        _write_secret(
            path,
            {"key_id": key_id, "request_key": request.hex(), "account_key": account.hex()},
        )
    try:
        held = json.loads(path.read_text("utf-8"))
        return CompanyKeys(
            str(held["key_id"]), _key(held["request_key"]), _key(held["account_key"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, "restore it from the backup of this case") from error


def site_keys(case_keys: Path, case_id: str) -> SiteKeys:
    """Return the keys of the site of a case, drawn from the case's key."""
    root = load_root(case_keys)
    company = company_keys(case_keys)
    return SiteKeys(
        case_id=case_id,
        index_key=_drawn(root, "index"),
        signing_key=_drawn(root, "answer"),
        edition_public=edition_key(case_keys).public_bytes(),
        contact_public=contact_keys(case_keys).public_bytes(),
        cookie_key=_drawn(root, "cookie"),
        state_key=_drawn(root, "state"),
        sent_key=_drawn(root, "sent"),
        banner={company.key_id: company.request_key},
    )


def write_site_keys(published: Path, keys: SiteKeys) -> None:
    """Write the keys of a site (0600), whole or not at all.

    Raises:
        UsageError: Another case was published there.
        TableError: It cannot be written.
    """
    path = published / SITE_FILE
    if path.exists() and read_site_keys(published) == keys:
        return
    plain = {
        name: {k: v.hex() for k, v in value.items()} if name == "banner" else value.hex()
        for name, value in keys.__dict__.items()
        if name in _KEYS
    }
    _write_secret(path, {"version": _VERSION, "case_id": keys.case_id, **plain})


_KEYS = (
    "index_key", "signing_key", "edition_public", "contact_public", "cookie_key", "state_key", "sent_key", "banner",
)  # fmt: skip


def read_site_keys(published: Path) -> SiteKeys:
    """Return the keys of a site.

    Raises:
        UsageError: Nothing was published there.
        TableError: The file cannot be read, or another version wrote it.
    """
    path = published / SITE_FILE
    try:
        held = json.loads(path.read_text("utf-8"))
        if held["version"] != _VERSION:
            raise _unreadable(path, "use the version of Amends that published it")
        plain = {name: _key(held[name]) for name in _KEYS if name != "banner"}
        banner = {str(k): _key(v) for k, v in held["banner"].items()}
        return SiteKeys(case_id=str(held["case_id"]), banner=banner, **plain)
    except FileNotFoundError as error:
        raise UsageError(
            "Nothing is published here",
            where=str(published),
            remedy="publish with: amends portal publish CASE --to PUBLISHED",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, "publish again with: amends portal publish") from error


def _drawn(root: bytes, name: str) -> bytes:
    return domain_key(root, "site", name)[:_SIZE_BYTES]


def _key(text: str) -> bytes:
    made = bytes.fromhex(text)
    if len(made) != _SIZE_BYTES:
        raise ValueError("length of a key")
    return made


def _write_secret(path: Path, value: object) -> None:
    half = path.with_name(f".{path.name}.{ids.new(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(json.dumps(value, indent=1) + "\n")
            out.flush()
            os.fsync(out.fileno())
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise TableError(
            "A key cannot be written",
            where=f"{path}: {error.strerror}",
            remedy="make the folder writable for you and run the command again",
        ) from error


def _unreadable(path: Path, remedy: str) -> TableError:
    return TableError("The file of keys cannot be read", where=str(path), remedy=remedy)
