"""The words of the frame that stands round every page."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TEXTS = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class FrameWords:
    """What the header and footer say in a language.

    Attributes:
        headline: What the site is.
        skip: Link over the header.
        nav: Name of the main navigation.
        more: Name of the further links.
        reach: Heading of the company's contacts.
        edition: Line with ``{edition}``, ``{released_on}`` and ``{run}``.
        promise: What the company never asks for.
        pages: Name of each page in links.
        ask: Heading, text and line before the telephone, of the box that leads to one's own answer.
        look_alikes: Heading and text over the names that are not ours.
    """

    headline: str
    skip: str
    nav: str
    more: str
    reach: str
    edition: str
    promise: str
    pages: Mapping[str, str]
    ask: Mapping[str, str]
    look_alikes: Mapping[str, str]


@cache
def frame_words(language: str) -> FrameWords:
    """Return the frame's words in a language."""
    return FrameWords(**tomllib.loads((TEXTS / language / "frame.toml").read_text("utf-8")))
