"""Is what is served what the case published? Every file of every edition, and the keys' rights."""

from __future__ import annotations

import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from amends.kernel.errors import TableError
from amends.portal import edition as editions
from amends.portal.keys import SITE_FILE, edition_key, read_site_keys
from amends.portal.lookup import KeyFile


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes:
        editions: Names of the editions looked at, oldest first.
        current: The one that is served.
        n_files: Files compared.
        faults: What is wrong, in words; empty when all is as it was published.
    """

    editions: tuple[str, ...]
    current: str
    n_files: int
    faults: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return it as the command line prints it."""
        return {"whole": not self.faults, **asdict(self)}


def verify(published: Path, case_keys: Path | None = None) -> Checked:
    """Check every edition of a published folder.

    Args:
        published: The folder.
        case_keys: ``CASE/keys``: also check that the signatures are this case's. Without it, somebody who changed
            edition and keys together is not found.

    Raises:
        UsageError: Nothing is published there.
    """
    keys = read_site_keys(published)
    public, faults, n_files = keys.edition_public, [], 0
    if case_keys is not None and edition_key(case_keys).public_bytes() != public:
        faults.append(f"{SITE_FILE} does not hold the key of this case")
        public = edition_key(case_keys).public_bytes()
    if stat.S_IMODE((published / SITE_FILE).stat().st_mode) & 0o077:
        faults.append(f"{SITE_FILE} can be read by others: chmod 600")
    current, names = editions.current_name(published), editions.edition_names(published)
    if current not in names:
        faults.append("current leads to no edition")
    for name in names:
        folder = published / editions.EDITIONS / name
        try:
            facts = editions.read_facts(folder, public)
        except TableError as error:
            faults.append(f"{name}: {error.what.partition(': ')[2]}")
            continue
        n_files += len(facts.files) + 1
        faults += [f"{name}: {fault}" for fault in _faults(folder, facts, keys.case_id)]
    return Checked(tuple(names), current, n_files, tuple(faults))


def _faults(folder: Path, facts: editions.EditionFacts, case_id: str) -> list[str]:
    found = editions.file_faults(folder, facts)
    if facts.found.case_id != case_id:
        found.append("belongs to another case")
    if found:
        return found
    for name in (editions.CODES, editions.LINKS):
        if not KeyFile(folder / name).is_sorted():
            found.append(f"{name} is not in order")
    return found
