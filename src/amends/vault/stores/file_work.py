"""The hidden folder beside a table in which a change of it is worked at and remembered.

``.amends-CHANGE-DIGEST/`` holds ``change.json`` (how far the change is), ``parts.jsonl`` (one line a part that was
copied) and the folders ``half``, ``shadow``, ``clear``, ``back`` and ``gone``. No value stands in the two files.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from amends.kernel import ids
from amends.kernel.errors import BusyError, TableError
from amends.vault.stores.base import Change
from amends.vault.stores.file_kinds import Form
from amends.vault.stores.file_marks import Mark, destroy, sync_folder, write_whole

PREFIX = ".amends-"

Phase = Literal["copying", "copied", "dropping", "dropped", "undoing", "back", "undone"]
"""What was begun; whether files have changed places is read from the files."""


@dataclass(frozen=True)
class PartDone:
    """A part that was copied.

    Attributes:
        part: Its name.
        source: What it was when it was read.
        made: What the copy is.
        rows: Rows in it.
        faults: Rows kept as they were because they could not be read.
        places: Line and reason of the first of them.
        mode: The rights of the original.
    """

    part: str
    source: Mark
    made: Mark
    rows: int
    faults: int = 0
    places: tuple[tuple[int, str], ...] = ()
    mode: int = 0o600


@dataclass
class Work:
    """The work folder of one change.

    Attributes:
        folder: Where it is.
        name: Name of the table's file or folder.
        marker: File by which an incoming folder is known.
    """

    folder: Path
    name: str
    marker: str
    _done: dict[str, PartDone] | None = field(default=None, repr=False)

    def at(self, role: str) -> Path:
        """Return where a copy of the table lies: ``half``, ``shadow``, ``clear``, ``back`` or ``gone``."""
        return self.folder / role / self.name

    def ready(self, role: str) -> Path:
        """Return the same, with the folder around it made."""
        (self.folder / role).mkdir(mode=0o700, exist_ok=True)
        return self.at(role)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let no other process work at this change meanwhile.

        Raises:
            BusyError: One does.
        """
        if not self.folder.is_dir():
            yield
            return
        held = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise BusyError(
                    "Another process is working at this change",
                    where=self.folder.name,
                    remedy="wait until it is done, then run the command again",
                ) from error
            yield
        finally:
            os.close(held)

    @property
    def exists(self) -> bool:
        """Say whether a change was begun and not taken back."""
        return (self.folder / "change.json").exists()

    def read(self) -> dict[str, Any]:  # Any: JSON
        """Return what is remembered of the change; empty when there is nothing.

        Raises:
            TableError: It is damaged.
        """
        try:
            held = json.loads((self.folder / "change.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise self._damaged() from error
        if not isinstance(held, dict) or "phase" not in held:
            raise self._damaged()
        return held

    def _damaged(self) -> TableError:
        return TableError(
            "The record of a change of files is damaged",
            where=f"{self.folder.name}/change.json",
            remedy="restore it from a backup; the copy in clear, if there is one, lies in the folder clear beside it",
        )

    @property
    def phase(self) -> str:
        """Return what was begun last; empty before the start."""
        return str(self.read().get("phase", ""))

    def begin(self, change: Change, forms: dict[str, Form], kind: str) -> None:
        """Make the folder and remember the change."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._write({
            "version": 1, "change": change.change_id, "table": change.table, "columns": list(change.columns),
            "kind": kind, "forms": forms, "phase": "copying",
        })  # fmt: skip
        sync_folder(self.folder.parent)

    def enter(self, phase: Phase, **more: object) -> None:
        """Remember that something begins or is done."""
        self._write({**self.read(), **more, "phase": phase})

    def _write(self, held: dict[str, Any]) -> None:  # Any: JSON
        write_whole(self.folder / "change.json", ids.canonical_json(held) + "\n")

    def form(self, part: str) -> Form | None:
        """Return the form of a part as it was before the change; of a part that came later, that of the first."""
        forms = self.read().get("forms", {})
        return forms.get(part) or next(iter(forms.values()), None)

    def keep_form(self, part: str, form: Form) -> None:
        """Remember the form of a part that was not there at the start."""
        held = self.read()
        if part not in held.get("forms", {}):
            self._write({**held, "forms": {**held.get("forms", {}), part: form}})

    def done(self) -> dict[str, PartDone]:
        """Return the parts copied so far, by name; a line cut off by a crash is left out."""
        if self._done is None:
            self._done = {}
            with contextlib.suppress(FileNotFoundError):
                for line in (self.folder / "parts.jsonl").read_text("utf-8").splitlines():
                    with contextlib.suppress(ValueError, KeyError, TypeError):
                        made = _part(json.loads(line))
                        self._done[made.part] = made
        return self._done

    def add(self, made: PartDone) -> None:
        """Remember a part that was copied."""
        self.done()[made.part] = made
        path = self.folder / "parts.jsonl"
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "rb+") as out:
            # A line that a crash cut off must not swallow this one.
            size = out.seek(0, os.SEEK_END)
            if size and out.seek(size - 1) is not None and out.read(1) != b"\n":
                out.write(b"\n")
            out.write(ids.canonical_json(asdict(made)).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())

    def forget(self, part: str) -> None:
        """Let go of a part that is no longer there."""
        self.done().pop(part, None)

    def remove(self) -> None:
        """Take the folder away, the record last, so that a kill leaves something that says what it was."""
        for role in ("half", "shadow", "clear", "back", "gone", "late"):
            shutil.rmtree(self.folder / role, ignore_errors=True)
        (self.folder / "parts.jsonl").unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        sync_folder(self.folder.parent)

    def destroy(self, role: str) -> None:
        """Overwrite and take away every file of one of the copies."""
        top = self.folder / role
        for at, _, names in os.walk(top, topdown=False):
            for name in names:
                destroy(Path(at) / name)
            Path(at).rmdir()
        sync_folder(self.folder)


def work_for(change: Change, live: Path) -> Work:
    """Return the work folder of a change, beside the table."""
    short = ids.digest_text(change.table)[:8]
    folder = live.parent / f"{PREFIX}{change.change_id}-{short}"
    return Work(folder, live.name, f"{PREFIX}{change.change_id}")


def _part(held: dict[str, Any]) -> PartDone:  # Any: JSON
    return PartDone(
        part=held["part"],
        source=Mark(**held["source"]),
        made=Mark(**held["made"]),
        rows=held["rows"],
        faults=held["faults"],
        places=tuple((int(line), str(why)) for line, why in held["places"]),
        mode=held["mode"],
    )
