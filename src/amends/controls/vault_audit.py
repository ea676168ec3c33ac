"""What the company's vault says of itself: its brake and its canaries, out of its sealed audit; read, never written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from amends.kernel import ids
from amends.kernel.errors import AmendsError
from amends.vault.brake.brake import FOLDER, Brake
from amends.vault.brake.lines import ChainFault
from amends.vault.keyring import Keyring

Said = Mapping[str, object]


def read_vault(folder: str) -> Said:
    """Return what the audit of a vault says.

    Returns:
        ``at`` (its last line), ``persons_per_day`` (the ceiling), ``canaries``, ``fault`` ("" while it is whole); only
        ``why_not`` where it cannot be read; nothing where no vault is named.
    """
    if not folder:
        return {}
    home = Path(folder)
    if not (home / FOLDER).is_dir():
        return {
            "why_not": "the vault named in case.toml has no brake yet: amends vault serve VAULT"
        }
    try:
        return _read(home)
    except AmendsError as error:
        return {"why_not": f"the vault named in case.toml could not be read ({error.what})"}


def _read(home: Path) -> Said:
    brake = Brake(Keyring.open(home, _nobody_asks))
    try:
        at, fault = 0.0, ""
        try:
            for line in brake.chain.every():
                at = max(at, line.at)
        except ChainFault as found:
            fault = found.what
        if not at:
            return {"why_not": "the audit of the vault named in case.toml is empty"}
        state, _ = brake.look()
        return {
            "at": datetime.fromtimestamp(at, UTC),
            "persons_per_day": state.ceiling.per_day,
            "canaries": len(state.canaries),
            "fault": fault,
        }
    finally:
        brake.close()


def _nobody_asks(*_: object) -> str:
    """Refuse to ask: a run of the review waits for nobody."""
    raise AmendsError(
        "its root wants a passphrase, and a run asks nobody",
        remedy="run the review where the root can be read without asking",
    )


def state_of(folder: str) -> str:
    """Return a digest of how far the audit of a vault has got, without reading it."""
    home = Path(folder) / FOLDER if folder else None
    if home is None or not home.is_dir():
        return ""
    files = sorted(p for p in home.rglob("*") if p.is_file())
    return ids.digest_value([[p.relative_to(home).as_posix(), p.stat().st_size] for p in files])
