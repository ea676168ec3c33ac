"""Everything that the inputs of one date say about the network, as facts.

Each file is read by the first collector that recognises it; what nobody recognises, and each line that could not be
read, is a reject with its place. Nothing an input holds raises, and no secret in it goes further than its fingerprint.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from amends.paths import cloud
from amends.paths.collectors.base import MAX_BYTES, Input
from amends.paths.collectors.order import COLLECTORS
from amends.paths.collectors.scanners import is_assessment
from amends.paths.collectors.seen import CloudSeen, Sighting
from amends.paths.facts import told
from amends.paths.shapes import Network, Reject
from amends.paths.world import put_together
from amends.paths.zones import set_zones, viewpoints

_log = logging.getLogger(__name__)
_HEAD = 64 * 1024


def collect(
    files: Iterable[tuple[str, BinaryIO | bytes]], on: str = "", key: bytes = b""
) -> Network:
    """Return what the inputs of one date say.

    Args:
        files: Path as given (inner path included) and bytes of each input.
        on: ISO day they show; "" when nobody said (a scan then tells its own day).
        key: When given, credentials are named by a hash keyed with it, so that a weak secret cannot be guessed from
            the name; names then agree only between runs with the same key.

    Returns:
        Facts (each key once), stores, claims, what was looked at, and rejects. It never raises on bad input.
    """
    sightings: list[Sighting] = []
    for path, stream in files:
        sightings.extend(_read(path, stream))
    sightings.extend(cloud.sightings(seen for seen in sightings if isinstance(seen, CloudSeen)))
    world = put_together(sightings)
    viewpoints(world)
    set_zones(world)
    return told(world, on, key)


def _read(path: str, stream: BinaryIO | bytes) -> Iterator[Sighting]:
    try:
        head = stream[:_HEAD] if isinstance(stream, bytes) else stream.read(_HEAD)
        if is_assessment(text_of(head)):
            return  # the review reads it, however large it is
        body = (
            stream if isinstance(stream, bytes) else head + stream.read(MAX_BYTES + 1 - len(head))
        )
    except (OSError, EOFError, ValueError):
        yield Reject(path, "unreadable", "Add the file again; it could not be read to its end.")
        return
    if len(body) > MAX_BYTES:
        yield Reject(path, "too_large", "Split the file; what came after 256 MiB was not read.")
        body = body[:MAX_BYTES]
    if not body.strip():
        yield Reject(path, "empty", "Add the file again if it should hold something.")
        return
    source = Input(path, body, text_of(body))
    yield from _mapped(source)


def _mapped(source: Input) -> Iterator[Sighting]:
    if not source.head.lstrip("\ufeff \t\r\n").startswith(("<", "{", "[")):
        yield from source.overlong()  # XML and JSON may be one long line
    for collector in COLLECTORS:
        try:
            if not collector.detect(source):
                continue
            yield from collector.map(source)
        except Exception as error:  # one bad file must not lose the rest; it is recorded
            _log.debug("collector %s failed", collector.name, extra={"error": type(error).__name__})
            yield Reject(
                source.path,
                "malformed",
                f"Export it again; it looks like {collector.name} and could not be read.",
            )
        return
    yield Reject(source.path, "unknown_format", "See docs/guide/paths-inputs.md for what is read.")


def text_of(body: bytes) -> str:
    """Return bytes as text: by byte order mark, UTF-16 by its zeros, UTF-8, else Windows-1252; "" for no text."""
    for mark, encoding in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    head = body[:4096]
    zeros = head.count(0)
    if zeros > len(head) // 4:
        wide = "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
        text = body.decode(wide, "replace")
        return text if _is_text(text[:2048]) else ""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("cp1252", "replace")
    return text if _is_text(text[:4096]) else ""


def _is_text(text: str) -> bool:
    odd = sum(
        1 for sign in text if (ord(sign) < 32 and sign not in "\t\r\n\f\x1b") or sign == "\ufffd"
    )
    return odd * 20 <= len(text)
