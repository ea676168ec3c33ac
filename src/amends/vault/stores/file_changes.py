"""One change of a table of files: copied, put in place, taken back, its clear copy destroyed.

Each step may be cut off anywhere and called again. What decides is what lies in the folder; ``change.json`` says what
was begun.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from amends.kernel.errors import BusyError, TableError
from amends.vault.stores.base import Change, ChangeState, Convert, Copying
from amends.vault.stores.file_kinds import FileKind, Rewrite
from amends.vault.stores.file_marks import (
    Mark,
    dress,
    is_being_written,
    is_placed,
    mark,
    place,
    sync,
    sync_folder,
    unchanged,
)
from amends.vault.stores.file_tables import FileTable, kind_of, walk
from amends.vault.stores.file_work import PartDone, Work

ATTEMPTS = 3
"""How often a file that changes while it is read is read again, before somebody must stop its writer."""
SUMMARIES = ("_metadata", "_common_metadata")
"""Summaries of a folder of Parquet; they hold the least and greatest values of its parts, in clear."""


class FileChange:
    """A change of one table.

    Args:
        change: What is to become of it.
        live: The table's file or folder.
        work: The hidden folder beside it.
        kinds: Formats of the store.
    """

    def __init__(self, change: Change, live: Path, work: Work, kinds: tuple[FileKind, ...]) -> None:
        self.change = change
        self.live = live
        self.work = work
        self.kinds = kinds
        self.is_folder = change.table.endswith("/")

    @property
    def state(self) -> ChangeState:
        """Return how far the change is."""
        held = self.work.read()
        phase = held.get("phase", "undone")
        if phase == "undone":
            return "none"
        if phase in ("dropping", "dropped"):
            return "dropped"
        if phase in ("undoing", "back"):
            return "swapped" if held.get("had_clear") else "dropped"
        if self._is_swapped():
            return "swapped"
        return "copied" if phase == "copied" else "copying"

    def begin(self, table: FileTable) -> None:
        """Make the work folder."""
        if (
            self.work.folder.exists()
        ):  # of a change that was taken back, or was cut off in its first moment
            self.work.remove()
        forms = {
            part: table.kind.form(path, self.change.columns)
            for part, path in zip(table.parts, table.paths, strict=True)
        }
        self.work.begin(self.change, forms, table.kind.name)

    def copy(self, convert: Convert) -> Iterator[Copying]:
        """Bring the shadow up to what the table is now."""
        if self.state not in ("copying", "copied"):
            return
        shadow = self.work.ready("shadow")
        if self.is_folder:
            shadow.mkdir(exist_ok=True)
        parts = self._parts(self.live)
        for part, path in parts.items():
            known = self.work.done().get(part)
            made = self._within(shadow, part)
            if known and made.exists() and unchanged(path, known.source):
                continue
            yield from self._copy_part(part, path, made, convert)
        for part in [p for p in self.work.done() if p not in parts]:
            self._within(shadow, part).unlink(missing_ok=True)
            self.work.forget(part)
        if self.work.phase != "copied":
            self.work.enter("copied")

    def ready_to_swap(self, convert: Convert) -> None:
        """Catch up until nothing changes any more.

        Raises:
            BusyError: A writer does not pause.
            TableError: The table was not copied.
        """
        state = self.state
        if state in ("swapped", "dropped"):
            return
        if state != "copied":
            raise TableError(
                "The table was not copied yet, so it cannot be swapped",
                where=self.change.table,
                remedy="run the protection again; it goes on where it stood",
            )
        for _ in range(ATTEMPTS):
            for _ in self.copy(convert):
                pass
            parts = self._parts(self.live)
            writing = [part for part, path in parts.items() if is_being_written(path)]
            if writing:
                raise self._busy("A program has a file open for writing", writing[0])
            done = self.work.done()
            if all(
                p in done and unchanged(path, done[p].source, sure=True)
                for p, path in parts.items()
            ):
                return
            self._distrust(parts)
        raise self._busy("The files are changed all the time", "")

    def swap(self, convert: Convert) -> None:
        """Put the shadow in place and look once more at what was there."""
        if self.state == "dropped":
            return
        shadow, clear = self.work.at("shadow"), self.work.ready("clear")
        if self.is_folder and not is_placed(self.live, shadow, clear, self.work.marker):
            self._carry_others(self.live, shadow)
            dress(shadow, self.live.stat(), self.live)
            (shadow / self.work.marker).touch()
        place(self.live, shadow, clear, self.work.marker)
        self._settle(convert)
        self._close(clear)

    def undo(self, reveal: Convert) -> Iterator[Copying]:
        """Bring the table back in clear."""
        state = self.state
        if state in ("copying", "copied"):
            self.work.enter("undone")
        if state in ("swapped", "dropped"):
            yield from self._come_back(reveal, had_clear=state == "swapped")
        if self.work.folder.exists():
            self.work.remove()

    def drop(self) -> None:
        """Destroy the clear copy.

        Raises:
            TableError: It is not swapped, or the copy was written to.
            BusyError: Somebody has the copy open for writing.
        """
        state = self.state
        if state not in ("swapped", "dropped"):
            raise TableError(
                "The table is not protected yet: its clear copy is the table itself",
                where=self.change.table,
                remedy="protect and verify it first",
            )
        if state == "swapped":
            place(self.live, self.work.at("shadow"), self.work.at("clear"), self.work.marker)
            self._refuse_late()
            if not self.live.exists():
                raise TableError(
                    "The protected table is gone, so its clear copy is the only one",
                    where=self.change.table,
                    remedy="undo the change, or restore the protected table",
                )
            self.work.enter("dropping")
        for role in ("clear", "half", "shadow", "late"):
            self.work.destroy(role)
        self.work.enter("dropped")

    def _is_swapped(self) -> bool:
        work = self.work
        return is_placed(self.live, work.at("shadow"), work.at("clear"), work.marker)

    def _parts(self, top: Path) -> dict[str, Path]:
        """Return the files of the table's format under its live name or one of its copies."""
        if not self.is_folder:
            return {self.live.name: top} if top.is_file() else {}
        if not top.is_dir():
            return {}
        found = (p for p in walk(top) if kind_of(p, self.kinds))
        return {p.relative_to(top).as_posix(): p for p in found}

    def _within(self, top: Path, part: str) -> Path:
        return top / part if self.is_folder else top

    def _copy_part(
        self, part: str, path: Path, target: Path, convert: Convert
    ) -> Iterator[Copying]:
        """Copy one part into the shadow and remember it."""
        form = self.work.form(part) if part in self.work.read().get("forms", {}) else None
        if form is None:
            form = self._kind(path).form(path, self.change.columns)
            self.work.keep_form(part, form)
        yield from self._write(part, path, target, Rewrite(self.change.columns, convert, form))

    def _write(self, part: str, path: Path, target: Path, work: Rewrite) -> Iterator[Copying]:
        """Write a part again, whole, and remember from what it was made."""
        half = self.work.ready("half").with_name("part")
        for attempt in range(1, ATTEMPTS + 1):
            rows = 0
            work.faults.rows, work.faults.places = 0, []
            before, looks = mark(path), path.stat()
            try:
                for done in self._kind(path).rewrite(path, half, work):
                    rows += done
                    yield Copying(done, "copying" if attempt == 1 else "catching up")
            except BaseException:
                half.unlink(missing_ok=True)
                raise
            if unchanged(path, before):
                break
        else:
            half.unlink(missing_ok=True)
            raise self._busy("A file is changed while it is read", part)
        sync(half)
        dress(half, looks, path)
        made = mark(half)
        target.parent.mkdir(parents=True, exist_ok=True)
        half.replace(target)
        sync_folder(target.parent)
        faults = work.faults
        mode = stat.S_IMODE(looks.st_mode)
        if not work.back:
            self.work.add(
                PartDone(part, before, made, rows, faults.rows, tuple(faults.places), mode)
            )

    def _kind(self, path: Path) -> FileKind:
        kind = kind_of(path, self.kinds)
        if kind is None:
            kind = next(k for k in self.kinds if k.name == self.work.read().get("kind"))
        return kind

    def _distrust(self, parts: dict[str, Path]) -> None:
        """Forget the parts whose bytes are not what was copied, though size and time are."""
        for part, known in list(self.work.done().items()):
            if part in parts and not unchanged(parts[part], known.source, sure=True):
                self.work.forget(part)

    def _carry_others(self, top: Path, into: Path) -> None:
        """Give every other file of a folder a second name in the one that takes its place."""
        own = set(self._parts(top).values())
        sums = {f".{p.name}.crc" for p in own}
        for path in walk(top, every=True):
            if path in own or path.name in sums or path.name in SUMMARIES:
                continue
            target = into / path.relative_to(top)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() and not path.name.startswith(self.work.marker):
                _second_name(path, target)

    def _settle(self, convert: Convert) -> None:
        """Carry over what was written to the displaced files between the last look and the swap."""
        clear = self.work.at("clear")
        for _ in range(ATTEMPTS):
            late = self._late(clear)
            if not late:
                return
            for part, path in late.items():
                known, live = self.work.done().get(part), self._within(self.live, part)
                if live.exists() and not (known and unchanged(live, known.made)):
                    raise self._written_twice(part)
                for _ in self._copy_part(part, path, self.work.ready("late"), convert):
                    pass
                live.parent.mkdir(parents=True, exist_ok=True)
                self.work.at("late").replace(live)
        raise self._busy("The displaced files are still written to", "")

    def _late(self, clear: Path) -> dict[str, Path]:
        done = self.work.done()
        return {
            part: path
            for part, path in self._parts(clear).items()
            if part not in done or not unchanged(path, done[part].source)
        }

    def _refuse_late(self) -> None:
        clear = self.work.at("clear")
        late = self._late(clear)
        if late:
            raise TableError(
                "The clear copy was written to after the swap: rows in it are nowhere else",
                where=f"{self.change.table}, {next(iter(late))}",
                remedy="stop the program that writes to the old file, undo the change, and protect again",
            )
        for part, path in self._parts(clear).items():
            if is_being_written(path):
                raise self._busy("A program has the clear copy open for writing", part)

    def _close(self, clear: Path) -> None:
        """Leave the clear copy to its owner alone; another name of a file keeps its rights."""
        files = self._parts(clear) if self.is_folder else {self.live.name: clear}
        for path in files.values():
            if path.stat().st_nlink == 1:
                path.chmod(0o600)

    def _come_back(self, reveal: Convert, *, had_clear: bool) -> Iterator[Copying]:
        work = self.work
        back, gone = work.at("back"), work.at("gone")
        marker = f"{work.marker}-back"
        if self._is_swapped():  # a kill between exchange and name
            place(self.live, work.at("shadow"), work.at("clear"), work.marker)
        for _ in range(ATTEMPTS):
            placed = work.phase == "back" and is_placed(self.live, back, gone, marker)
            if placed or (work.phase == "back" and self._as_seen(self.live)):
                break
            work.enter("undoing", had_clear=had_clear)
            yield from self._build_back(reveal, had_clear, marker)
        else:
            raise self._busy("The files are changed all the time", "")
        work.ready("gone")
        place(self.live, back, gone, marker)
        yield from self._settle_back(reveal)
        work.enter("undone")

    def _build_back(self, reveal: Convert, had_clear: bool, marker: str) -> Iterator[Copying]:
        """Lay out the table in clear: the clear copy where nothing was written since, else revealed tokens."""
        shutil.rmtree(self.work.folder / "back", ignore_errors=True)
        back = self.work.ready("back")
        seen: dict[str, Any] = {}  # Any: JSON
        for part, path in self._parts(self.live).items():
            target = self._within(back, part)
            target.parent.mkdir(parents=True, exist_ok=True)
            seen[part] = asdict(mark(path))
            if had_clear and self._clear_stands(part, path):
                _second_name(self._within(self.work.at("clear"), part), target)
                target.chmod(self.work.done()[part].mode)
            else:
                yield from self._write(part, path, target, self._revealing(part, reveal))
        if self.is_folder:
            back.mkdir(exist_ok=True)
            self._carry_others(self.live, back)
            dress(back, self.live.stat(), self.live)
            (back / marker).touch()
        self.work.enter("back", seen=seen)

    def _revealing(self, part: str, reveal: Convert) -> Rewrite:
        return Rewrite(self.change.columns, reveal, self.work.form(part) or {}, back=True)

    def _clear_stands(self, part: str, path: Path) -> bool:
        """Say whether the clear copy of a part still is what the live part says in tokens."""
        known = self.work.done().get(part)
        clear = self._within(self.work.at("clear"), part)
        return bool(known and unchanged(path, known.made) and unchanged(clear, known.source))

    def _as_seen(self, top: Path) -> bool:
        return not self._unseen(top)

    def _unseen(self, top: Path) -> dict[str, Path]:
        """Return the parts that were not, or not so, there when the way back was laid out."""
        seen = self.work.read().get("seen", {})
        return {
            part: path
            for part, path in self._parts(top).items()
            if part not in seen or not unchanged(path, Mark(**seen[part]))
        }

    def _settle_back(self, reveal: Convert) -> Iterator[Copying]:
        for part, path in self._unseen(self.work.at("gone")).items():
            late = self.work.ready("late")
            yield from self._write(part, path, late, self._revealing(part, reveal))
            late.replace(self._within(self.live, part))

    def _busy(self, what: str, part: str) -> BusyError:
        return BusyError(
            what,
            where=f"{self.change.table}, {part}" if part else self.change.table,
            remedy="stop the program that writes to it for a moment, and run the command again",
        )

    def _written_twice(self, part: str) -> TableError:
        return TableError(
            "A file was written under its old name and under its new one",
            where=f"{self.change.table}, {part}",
            remedy=f"both are kept: compare it with its copy in {self.work.folder.name}/clear, and stop the writer",
        )


def _second_name(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:
        shutil.copy2(path, target)
