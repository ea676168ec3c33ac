"""One at a time: the typesetter and PDFium, which threads may not share.

A sending by print holds the press until it ends; pages that need it meanwhile say so. Pictures drawn before are shown.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from amends.kernel.errors import BusyError

WAIT_SECONDS = 8.0
"""How long a page waits for its turn: a proof takes less than one second."""

_PRESS = threading.RLock()


@contextmanager
def press(wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold typesetter and PDFium alone; ``-1`` waits for as long as it takes.

    Raises:
        BusyError: Somebody holds them for longer.
    """
    if not _PRESS.acquire(timeout=wait_seconds):
        raise BusyError(
            "Letters are being printed; proofs and PDF evidence are opened again when that is done",
            remedy="see how far it is under Release, then try again",
        )
    try:
        yield
    finally:
        _PRESS.release()
