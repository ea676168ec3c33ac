"""The keys of a vault: root key → root secret → domain keys → data keys, each version of its own.

The root key (``roots/``) wraps one secret of 32 bytes. From the secret a key is drawn for each use and domain (HKDF);
under it lies the data key, 32 or 64 random bytes, wrapped with AES-GCM. So a change of the root re-writes one small
file and no token, and a data key that is taken out of the file is gone: that is crypto-shredding.

Source:
    HKDF: RFC 5869. AES-GCM: NIST SP 800-38D. Key hierarchy and states: NIST SP 800-57 part 1, sections 5.3 and 7.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from amends.kernel import clock, ids
from amends.kernel.errors import TableError, UsageError
from amends.kernel.ledger import Ledger
from amends.vault import keyfile, wrapping
from amends.vault.blind import BlindIndex
from amends.vault.ciphers import ColumnCipher, Scheme
from amends.vault.formats import format_of
from amends.vault.keyfile import HeldKey, KeyFile
from amends.vault.roots.base import SECRET_BYTES, Ask, RootKey
from amends.vault.roots.opening import open_root
from amends.vault.schemes.opening import open_cipher

LEDGER_FILE = "ledger.jsonl"
KEY_BYTES = {"siv": 64, "ff1": 32, "random": 64, "blind": 32, "mac": 32}
_DOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,79}")


@dataclass(frozen=True)
class Domain:
    """What the keyring holds for one domain under one scheme.

    Attributes:
        name: The domain.
        scheme: ``siv``, ``ff1``, ``random`` or ``blind``.
        version: Version that makes new tokens; 0 when all are shredded.
        versions: Versions that can still be read, oldest first.
        shredded: Versions whose key is gone.
        made_at: When the first key was made.
    """

    name: str
    scheme: str
    version: int
    versions: tuple[int, ...]
    shredded: tuple[int, ...]
    made_at: str


class Keyring:
    """The keys of one vault; made by :meth:`create` or :meth:`open`."""

    def __init__(
        self,
        folder: Path,
        file: KeyFile,
        root: RootKey,
        secret: bytes,
        mark: tuple[int, ...] | None = None,
    ) -> None:
        self.folder = folder
        self.root = root
        self._file = file
        self._secret = secret
        self._mark = mark or keyfile.mark(folder)
        self._held: dict[tuple[str, str, int], bytes] = {}
        self._guard = threading.RLock()

    def __repr__(self) -> str:
        return f"Keyring({str(self.folder)!r})"

    @property
    def vault_id(self) -> str:
        """What names the vault for good."""
        return self._file.vault_id

    @property
    def ledger(self) -> Ledger:
        """Where every change of the keys is written down."""
        return Ledger(self.folder / LEDGER_FILE)

    @classmethod
    def create(cls, folder: Path, root: RootKey) -> Keyring:
        """Make the keyring of a new vault.

        Args:
            folder: ``VAULT``; made with mode 0700.
            root: The root key, made before: ``FileRoot.create(folder / "root.key", "root.key")``.

        Raises:
            UsageError: There is a vault already, or the folder cannot be written.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                "The vault's folder cannot be made",
                where=str(folder),
                remedy="choose a place you may write to",
            ) from error
        with keyfile.lock(folder):
            if (folder / keyfile.KEYRING_FILE).exists():
                raise UsageError(
                    "There is a vault here already",
                    where=str(folder),
                    remedy="use it, or choose another folder",
                )
            secret = secrets.token_bytes(SECRET_BYTES)
            vault_id = ids.new(8)
            wrapped = root.wrap(secret, wrapping.about_secret(vault_id))
            file = KeyFile(vault_id, clock.stamp(), 1, dict(root.describe()), wrapped)
            keyfile.write(folder, file, wrapping.seal(file, secret))
            made = cls(folder, file, root, secret)
            made.ledger.path.touch(mode=0o600)
            made.ledger.append(
                "vault.made", vault=vault_id, keyring_revision=1, root=dict(root.describe())
            )
        return made

    @classmethod
    def open(cls, folder: Path, ask: Ask | None = None) -> Keyring:
        """Open the keyring of a vault.

        Args:
            folder: ``VAULT``.
            ask: Asks for a passphrase where the root needs one.

        Raises:
            UsageError: There is no vault, or the root needs what is not there.
            TableError: The keyring is damaged, altered, older than the ledger says, or the root does not fit.
        """
        # The ledger is read first: a change is written to the keyring and then told, so a file read after is no older.
        told, mark = _told(folder), keyfile.mark(folder)
        file, sealed = keyfile.read(folder)
        root = open_root(file.root, folder, ask)
        secret = root.unwrap(file.secret, wrapping.about_secret(file.vault_id))
        _check_seal(folder, file, sealed, secret)
        if told > file.revision:
            raise _older(folder)
        return cls(folder, file, root, secret, mark)

    def cipher(self, domain: str, scheme: Scheme = "siv", *, form: str = "") -> ColumnCipher:
        """Return what makes and reads the tokens of a domain; its first key is made when there is none.

        Args:
            domain: An element code, or a name for values that are compared with each other.
            scheme: ``siv``, ``ff1`` or ``random``.
            form: For ``ff1``, the format to keep (``formats.FORMATS``); "" for the usual one of the element, or the
                one the domain has.

        Raises:
            UsageError: The name cannot be a domain's, or FF1 cannot protect it, or it keeps another format.
            TableError: Every key of the domain was shredded.
        """
        if scheme == "ff1":
            form = self._form(domain, form)
        self.ensure(scheme, domain, form)
        return open_cipher(self, domain, scheme)

    def _form(self, domain: str, asked: str) -> str:
        held = self.versions("ff1", domain)
        if held and asked and held[-1].form != asked:
            raise UsageError(
                f"FF1 tokens of {domain} keep the format {held[-1].form} in this vault",
                where=str(self.folder),
                remedy="leave the format out, or give these values another domain",
            )
        return format_of(domain, held[-1].form if held else asked).name

    def blind(self, domain: str) -> BlindIndex:
        """Return the blind index of a domain: keyed numbers that can be compared and not read.

        Raises:
            UsageError: The name cannot be a domain's.
            TableError: The key was shredded.
        """
        return BlindIndex(self.key("blind", domain, self.ensure("blind", domain)))

    def mac_key(self, purpose: str) -> bytes:
        """Return 32 bytes that seal something of this vault; the same for good, whatever becomes of the root."""
        return self.key("mac", purpose, self.ensure("mac", purpose))

    def domains(self) -> list[Domain]:
        """Return what the keyring holds, by domain and scheme; keys that seal the vault's own files are left out."""
        places = sorted(
            {k.place for k in self.file().keys if k.use != "mac"}, key=lambda p: p[::-1]
        )
        return [_domain(use, domain, self.versions(use, domain)) for use, domain in places]

    def file(self) -> KeyFile:
        """Return what the keyring says now; read anew when another process changed it.

        Raises:
            TableError: The file was altered, or its root was changed and this process cannot follow.
        """
        with self._guard:
            now = keyfile.mark(self.folder)
            if now != self._mark:
                self._reload()
                self._mark = now
            return self._file

    def versions(self, use: str, domain: str) -> list[HeldKey]:
        """Return the keys of one use and domain, oldest first, tombstones included."""
        return self.file().versions(use, domain)

    def active(self, use: str, domain: str) -> int:
        """Return the version that makes new tokens.

        Raises:
            TableError: There is none: the domain was shredded.
        """
        for held in self.versions(use, domain):
            if held.state == "active":
                return held.version
        raise _shredded(self.folder, domain)

    def live(self, use: str, domain: str) -> list[int]:
        """Return the versions that can be read, newest first."""
        held = self.versions(use, domain)
        return [k.version for k in reversed(held) if k.state != "shredded"]

    def ensure(self, use: str, domain: str, form: str = "") -> int:
        """Return the active version of a key; the first is made when there never was one.

        Raises:
            UsageError: The name cannot be a domain's.
            TableError: Every version was shredded.
        """
        if not _DOMAIN.fullmatch(domain):
            raise UsageError(
                "That cannot be the name of a domain",
                where=str(self.folder),
                remedy="use letters, digits and _ . : - (up to 80), as in: ssn",
            )
        if not self.versions(use, domain):
            with self.changing("key.made", {"use": use, "domain": domain, "version": 1}) as change:
                if not change.file.versions(use, domain):
                    change.file = self.with_new_version(change.file, use, domain, form=form)
        return self.active(use, domain)

    def key(self, use: str, domain: str, version: int) -> bytes:
        """Return a data key.

        Raises:
            TableError: There is no such version, or it was shredded, or does not open.
        """
        with self._guard:
            file = self.file()
            place = (use, domain, version)
            known = self._held.get(place)
            if known is None:
                known = self._held[place] = self._unwrap(file, *place)
            return known

    @contextmanager
    def changing(self, act: str, told: Mapping[str, object]) -> Iterator[Change]:
        """Change the key file under its lock: what the block leaves in ``change.file`` is written and told.

        Args:
            act: What the ledger calls it.
            told: What the ledger says of it.
        """
        with keyfile.lock(self.folder), self._guard:
            file = self.file()
            change = Change(file, self.root, self._secret)
            yield change
            if change.file == file:
                return
            made = replace(change.file, revision=file.revision + 1)
            keyfile.write(self.folder, made, wrapping.seal(made, change.secret))
            self.root, self._secret = change.root, change.secret
            self._forget(made)
            self._mark = keyfile.mark(self.folder)
            self.ledger.append(act, vault=made.vault_id, keyring_revision=made.revision, **told)

    def with_new_version(
        self, file: KeyFile, use: str, domain: str, *, form: str = "", pending: bool = False
    ) -> KeyFile:
        """Return the file with a fresh data key, active (the one before is retired) or pending."""
        before = file.versions(use, domain)
        version = before[-1].version + 1 if before else 1
        fresh = HeldKey(
            use, domain, version, "pending" if pending else "active", clock.stamp(), "", form=form
        )
        wrapped = wrapping.wrap(
            self._secret, file.vault_id, fresh, secrets.token_bytes(KEY_BYTES[use])
        )
        retired = (
            file.keys
            if pending
            else tuple(
                replace(k, state="retired")
                if k.place == (use, domain) and k.state == "active"
                else k
                for k in file.keys
            )
        )
        return replace(file, keys=(*retired, replace(fresh, wrapped=wrapped)))

    def _unwrap(self, file: KeyFile, use: str, domain: str, version: int) -> bytes:
        for held in file.versions(use, domain):
            if held.version == version:
                if held.state == "shredded":
                    raise _shredded(self.folder, domain, version)
                return wrapping.unwrap(self._secret, file.vault_id, held)
        raise TableError(
            f"Version {version} of the key of {domain} is not in this keyring",
            where=str(self.folder),
            remedy="restore the newest keyring.json from its backup, or use the vault that made these tokens",
        )

    def _reload(self) -> None:
        file, sealed = keyfile.read(self.folder)
        if file.root != self._file.root or not wrapping.seal_fits(file, sealed, self._secret):
            raise TableError(
                "The root of this vault was changed while this process had it open, or the keyring was altered",
                where=str(self.folder),
                remedy="open the vault again (restart the program): that tells which",
            )
        if file.revision < self._file.revision:
            raise _older(self.folder)
        self._forget(file)

    def _forget(self, file: KeyFile) -> None:
        """Take a new state over and let go of keys that are no longer in it."""
        live = {(*k.place, k.version) for k in file.keys if k.state != "shredded"}
        self._held = {place: key for place, key in self._held.items() if place in live}
        self._file = file


@dataclass
class Change:
    """A change of the key file under way.

    Attributes:
        file: What it shall say.
        root: The root it shall have.
        secret: The root secret it shall have.
    """

    file: KeyFile
    root: RootKey
    secret: bytes


def _check_seal(folder: Path, file: KeyFile, sealed: str, secret: bytes) -> None:
    if not wrapping.seal_fits(file, sealed, secret):
        raise TableError(
            "The keyring was altered after it was written",
            where=str(folder / keyfile.KEYRING_FILE),
            remedy="restore the file from its backup, and find out who wrote to it",
        )


def _told(folder: Path) -> int:
    """Return the newest revision of the keyring that the ledger tells of."""
    lines = Ledger(folder / LEDGER_FILE).lines()
    return max((int(line.body.get("keyring_revision", 0)) for line in lines), default=0)


def _older(folder: Path) -> TableError:
    return TableError(
        "The keyring is older than the vault's ledger: an earlier copy was put in its place",
        where=str(folder / keyfile.KEYRING_FILE),
        remedy="put the newest copy back; keys made since that copy are missing from it",
    )


def _shredded(folder: Path, domain: str, version: int = 0) -> TableError:
    which = f"Version {version} of the key" if version else "Every key"
    return TableError(
        f"{which} of {domain} was shredded: its tokens can no longer be read",
        where=str(folder),
        remedy="the ledger says when and why; give new values another domain",
    )


def _domain(use: str, domain: str, held: list[HeldKey]) -> Domain:
    return Domain(
        domain,
        use,
        next((k.version for k in held if k.state == "active"), 0),
        tuple(k.version for k in held if k.state != "shredded"),
        tuple(k.version for k in held if k.state == "shredded"),
        held[0].made_at if held else "",
    )
