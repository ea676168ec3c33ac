"""What makes commands start quicker."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa


class _NoPandas:
    """Says that pandas is not there, to whoever asks while it stands in ``sys.meta_path``."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> None:
        """Refuse pandas and leave every other module to the finders behind.

        Raises:
            ImportError: pandas was asked for.
        """
        if name == "pandas":
            raise ImportError("not wanted here", name=name)


def without_pandas() -> None:
    """Keep pyarrow from importing pandas in this process.

    pyarrow imports it, where it happens to be installed, with the first list that it is given, to see whether the list
    is a series; that takes 0.2 s and 60 MiB, and no command hands it one. It asks once, so it is told no once. Only for
    commands: a program that uses Amends as a library may well want pandas.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([""])
    finally:
        sys.meta_path.remove(finder)


@contextmanager
def no_collection() -> Iterator[None]:
    """Load modules and tables without looking for garbage in between, and never look among them again.

    What a command loads at its start stays to its end; looking through it takes a tenth of a short run.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()
