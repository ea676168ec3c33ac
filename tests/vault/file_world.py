"""Keys, converters and steps that the tests of file stores share."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends.vault.keyring import Keyring
from amends.vault.protect.convert import to_clear, to_tokens
from amends.vault.roots.file import FileRoot
from amends.vault.stores.base import Change, Convert
from amends.vault.stores.files import FileStore
from amends.vault.stores.opening import open_store

CHANGE_ID = "V0123456789abcdef"
_TOUCHING = (
    "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "ctypes.dlsym", "open",
)  # fmt: skip


def ring(folder: Path) -> Keyring:
    """Return a fresh keyring."""
    return Keyring.create(folder / "vault", FileRoot.create(folder / "root.key", "root.key"))


class Work:
    """One change of one table of files."""

    def __init__(self, path: Path, table: str, columns: tuple[str, ...], keyring: Keyring) -> None:
        store = open_store(str(path))
        assert isinstance(store, FileStore)
        self.store = store
        self.change = Change(CHANGE_ID, table, columns)
        ciphers = {c: keyring.cipher("ssn") for c in columns}
        self.tokens: Convert = to_tokens(ciphers)
        self.clear: Convert = to_clear(ciphers)

    def copy(self) -> int:
        self.store.start(self.change)
        return sum(done.rows for done in self.store.copy(self.change, self.tokens))

    def swap(self) -> None:
        self.store.swap({self.change: self.tokens})

    def protect(self) -> None:
        self.copy()
        self.swap()

    def drop(self) -> None:
        self.store.drop_clear(self.change)

    def undo(self) -> None:
        for _ in self.store.undo({self.change: self.clear}):
            pass

    @property
    def state(self) -> str:
        return self.store.state(self.change)

    def values(self, column: str, table: str = "") -> list[str | None]:
        name = table or self.change.table
        batches = list(self.store.batches(name, [column]))
        return [v for b in batches for v in b.column(0).to_pylist()]


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Run work in a child that is killed before it touches files for the n-th time; say whether it was."""
    child = os.fork()
    if not child:
        left = [step]

        def count(name: str, given: tuple[Any, ...]) -> None:
            writes = name != "open" or (len(given) > 1 and given[1] not in (None, "r", "rb"))
            if name in _TOUCHING and writes:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.addaudithook(count)
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0, "the work failed by itself"
    return False


def reverse(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return texts turned round: a conversion that needs no key."""
    turned = [
        pa.array([None if v is None else v[::-1] for v in column.to_pylist()], pa.string())
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(turned, batch.schema.names)
