"""The general pages, held in memory as they are sent: plain and gzipped, each with its ETag."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from amends.site.answers import EVERYWHERE, Headers

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".ics": "text/calendar; charset=utf-8",
}
_SQUEEZED = {".html", ".css", ".js", ".svg", ".txt", ".json", ".ics"}

# A page may be a minute old, so that a cache in front takes the load and an update is still seen at once; a cache may
# go on showing it for a day while the site is down. Style and pictures change with a release of Amends only.
_KEPT = {
    ".html": b"public, max-age=60, stale-if-error=86400",
    "": b"public, max-age=3600, stale-if-error=86400",
}


@dataclass(frozen=True)
class StaticPage:
    """One file, ready to send.

    Attributes:
        etag: Digest of its bytes, quoted; the same for everybody.
        plain: Headers and bytes.
        squeezed: The same in gzip; ``plain`` again where it would not be smaller.
        unchanged: Headers of the answer that says it did not change.
    """

    etag: bytes
    plain: tuple[Headers, bytes]
    squeezed: tuple[Headers, bytes]
    unchanged: Headers

    def for_request(self, headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, Headers, bytes]:
        """Return status, headers and bytes as the headers of a request want them."""
        wants_gzip, known = False, b""
        for name, value in headers:
            if name == b"accept-encoding":
                wants_gzip = b"gzip" in value
            elif name == b"if-none-match":
                known = value
        if known and (known == b"*" or self.etag in known):
            return 304, self.unchanged, b""
        own, body = self.squeezed if wants_gzip else self.plain
        return 200, own, body


def load_statics(folder: Path, extra: Headers = (), under: str = "") -> Mapping[str, StaticPage]:
    """Read a folder of plain files.

    Args:
        folder: ``static`` of an edition.
        extra: Headers beside those of every answer.
        under: What stands before their paths.

    Returns:
        Path in the address -> page. ``en/faq.html`` is found as ``/en/faq.html`` and as ``/en/faq``, an
        ``index.html`` also by its folder.
    """
    pages: dict[str, StaticPage] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        page = _read(path, extra)
        for name in _names(path.relative_to(folder)):
            pages[under + name] = page
    return pages


def _names(path: Path) -> Iterator[str]:
    name = f"/{path.as_posix()}"
    yield name
    if path.suffix == ".html":
        yield name.removesuffix(".html")
    if path.name == "index.html" and len(path.parts) > 1:
        yield name.removesuffix("index.html")


def _read(path: Path, extra: Headers) -> StaticPage:
    body, ending = path.read_bytes(), path.suffix.lower()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'.encode()
    media = _TYPES.get(ending) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    always: Headers = (
        (b"etag", etag),
        (b"cache-control", _KEPT.get(ending, _KEPT[""])),
        (b"vary", b"accept-encoding"),
        *EVERYWHERE,
        *extra,
    )
    plain = _with_length(media, body, always)
    small = gzip.compress(body, 9, mtime=0) if ending in _SQUEEZED else body
    squeezed = plain
    if len(small) < len(body):
        squeezed = _with_length(media, small, ((b"content-encoding", b"gzip"), *always))
    return StaticPage(etag, plain, squeezed, always)


def _with_length(media: str, body: bytes, always: Headers) -> tuple[Headers, bytes]:
    length = str(len(body)).encode()
    return ((b"content-type", media.encode()), (b"content-length", length), *always), body
