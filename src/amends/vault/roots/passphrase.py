"""A root key drawn from a passphrase that a person keeps.

Nothing is stored by which the passphrase could be checked but the wrapped secret itself: a wrong one simply does not
open it, and each guess costs a run of Argon2id.

Source:
    Argon2id: RFC 9106; its second recommended choice (3 passes, 64 MiB, 4 lanes). Length of a passphrase: NIST SP
    800-63B-4, section 3.1.1.2 (15 characters where it stands alone). Unicode form: RFC 8265, section 4.2 (NFC).
"""

from __future__ import annotations

import base64
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from argon2.low_level import Type, hash_secret_raw

from amends.kernel.errors import TableError, UsageError
from amends.vault.boxes import SecretBox
from amends.vault.roots.base import SECRET_BYTES, Ask, wrong_root

MIN_LENGTH = 15
_SALT_BYTES = 16
_MAX_MEMORY_KIB = 4 << 20  # a keyring that was tampered with must not take the machine
_MAX_PASSES = 64


@dataclass(frozen=True)
class Cost:
    """What one guess costs.

    Attributes:
        passes: Argon2's t.
        memory_kib: Argon2's m.
        lanes: Argon2's p.
    """

    passes: int = 3
    memory_kib: int = 65536
    lanes: int = 4

    def allowed(self) -> bool:
        """Return whether this machine should try."""
        return (
            1 <= self.passes <= _MAX_PASSES
            and 8 * self.lanes <= self.memory_kib <= _MAX_MEMORY_KIB
            and 1 <= self.lanes <= 64
        )


class PassphraseRoot:
    """A root key that is nowhere but in somebody's head, or their safe.

    Args:
        passphrase: As it was typed.
        salt: 16 random bytes, stored with the keyring.
        cost: Parameters, stored with the keyring.
    """

    kind = "passphrase"

    def __init__(self, passphrase: str, salt: bytes, cost: Cost) -> None:
        self._salt, self._cost = salt, cost
        key = hash_secret_raw(
            unicodedata.normalize("NFC", passphrase).encode(),
            salt,
            time_cost=cost.passes,
            memory_cost=cost.memory_kib,
            parallelism=cost.lanes,
            hash_len=SECRET_BYTES,
            type=Type.ID,
        )
        self._box = SecretBox(key)

    @classmethod
    def create(cls, passphrase: str, cost: Cost | None = None) -> PassphraseRoot:
        """Make a root from a new passphrase.

        Raises:
            UsageError: It is too short.
        """
        if len(passphrase) < MIN_LENGTH:
            raise UsageError(
                f"The passphrase is shorter than {MIN_LENGTH} characters",
                remedy="take five or more words drawn by chance",
            )
        return cls(passphrase, secrets.token_bytes(_SALT_BYTES), cost or Cost())

    @classmethod
    def from_description(cls, described: Mapping[str, object], ask: Ask | None) -> PassphraseRoot:
        """Return the root of a keyring; asks for the passphrase.

        Raises:
            UsageError: Nobody can be asked.
            TableError: What the keyring says of it cannot be.
        """
        try:
            salt = base64.b64decode(str(described["salt"]), validate=True)
            cost = Cost(**described["cost"])  # type: ignore[arg-type]  # checked by the call and by allowed()
            known = len(salt) == _SALT_BYTES and cost.allowed()
        except (KeyError, TypeError, ValueError):
            known = False
        if not known:
            raise TableError(
                "What the keyring says of its passphrase cannot be",
                remedy="restore keyring.json from its backup",
            )
        if ask is None:
            raise UsageError(
                "This vault opens with a passphrase, and nobody is there to give it",
                remedy="give a file that holds it: --passphrase-file FILE",
            )
        return cls(ask("Passphrase of the vault"), salt, cost)

    def wrap(self, secret: bytes, about: str) -> str:
        """Return the secret in a box of AES-GCM."""
        return base64.b64encode(self._box.lock(secret, about.encode())).decode()

    def unwrap(self, wrapped: str, about: str) -> bytes:
        """Return the secret in a box."""
        try:
            return self._box.unlock(base64.b64decode(wrapped, validate=True), about.encode())
        except (TableError, ValueError) as error:
            raise wrong_root(
                "passphrase", "type the passphrase again; capitals and blanks count"
            ) from error

    def describe(self) -> Mapping[str, object]:
        """Return the salt and the cost."""
        salt = base64.b64encode(self._salt).decode()
        return {"kind": self.kind, "function": "argon2id", "salt": salt, "cost": asdict(self._cost)}
