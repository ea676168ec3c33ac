"""The case's key for notices: ids that an outsider can neither make nor test."""

from __future__ import annotations

from amends.kernel.case import Case
from amends.vault.keys import create_keys, domain_key, load_root


def notice_key(case: Case) -> bytes:
    """Return 32 bytes from which notice ids are made."""
    folder = case.folder / "keys"
    create_keys(folder)
    return domain_key(load_root(folder), "token", "notices")[:32]
