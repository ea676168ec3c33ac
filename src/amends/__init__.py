"""Amends: open-source data-breach response.

``scan``, ``resolve``, ``duties`` and ``detect`` work alone, on one's own data, Arrow in and Arrow out:

    from amends import scan, resolve, duties, detect
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from amends.api import detect, duties, resolve, scan

__all__ = ["__version__", "detect", "duties", "resolve", "scan"]


def __getattr__(name: str) -> object:
    """Load the public functions at first use, so that ``import amends`` stays quick."""
    if name in ("detect", "duties", "resolve", "scan"):
        from amends import api  # noqa: PLC0415 - loaded late on purpose

        return getattr(api, name)
    raise AttributeError(f"module 'amends' has no attribute {name!r}")
