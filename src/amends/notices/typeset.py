"""Set pages with Typst in a process of its own, which is changed for a fresh one before its memory grows.

Typst keeps what it computed for as long as its process lives (measured: 0.9 MiB a letter), and has no way to let go of
it from Python. A few letters are set here; of many, each thousand or so gets a process of its own. Data goes through
pipes, never through files; the process ends when its input does, so a killed sender leaves none behind.

Run as a script it is that process; then it imports nothing of Amends.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from functools import cache
from pathlib import Path

import typst

_TEMPLATE = Path(__file__).parent / "templates" / "letter.typ"

# Letters set in the process that asks; then letters a helper sets before it is changed for a fresh one.
HERE = 100
A_HELPER = 500


class Typesetter:
    """Sets documents, near or far."""

    def __init__(self) -> None:
        """Begin here; no helper is started yet."""
        self._here = 0
        self._far = 0
        self._helper: subprocess.Popen[bytes] | None = None

    def compile(self, data: str, n: int) -> bytes:
        """Return the PDF of a document of ``n`` letters whose words are ``data`` (JSON).

        Raises:
            ValueError: The typesetter refuses, or its process ended.
        """
        if self._here + n <= HERE:
            self._here += n
            return compile_here(data)
        if self._far + n > A_HELPER:
            self.close()
        self._far += n
        return self._ask(data)

    def _ask(self, data: str) -> bytes:
        if self._helper is None:
            self._helper = subprocess.Popen(  # noqa: S603 - this very file, by this very interpreter
                [sys.executable, "-P", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        to, back = self._helper.stdin, self._helper.stdout
        assert to is not None and back is not None
        try:
            raw = data.encode()
            to.write(len(raw).to_bytes(8, "big") + raw)
            to.flush()
            made = back.read(int.from_bytes(back.read(8), "big"))
        except OSError:
            made = b""
        if not made:
            self.close()
            raise ValueError("the typesetter gave nothing")
        return made

    def close(self) -> None:
        """End the helper."""
        helper, self._helper, self._far = self._helper, None, 0
        if helper is not None:
            helper.communicate()


@cache
def typesetter() -> Typesetter:
    """Return the typesetter of this process."""
    made = Typesetter()
    atexit.register(made.close)
    return made


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(ignore_system_fonts=True)


def compile_here(data: str) -> bytes:
    """Return a PDF set in this process.

    Raises:
        ValueError: The typesetter refuses.
    """
    try:
        made = _compiler().compile(
            _TEMPLATE.read_bytes(), format="pdf", sys_inputs={"pieces": data}, timestamp=0
        )
    except typst.TypstError as error:
        raise ValueError("the typesetter refuses") from error
    if not isinstance(made, bytes):
        raise ValueError("the typesetter gave no single PDF")
    return made


def _serve() -> None:
    """Set what comes in until the input ends; an empty answer says that a document was refused."""
    into, out = sys.stdin.buffer, sys.stdout.buffer
    while head := into.read(8):
        try:
            made = compile_here(into.read(int.from_bytes(head, "big")).decode())
        except ValueError:
            made = b""
        out.write(len(made).to_bytes(8, "big") + made)
        out.flush()


if __name__ == "__main__":
    _serve()
