"""The classes of answers with their letters: written in one file, read one by one.

Letters of one incident share most of their words, so each is packed against the first few as a dictionary.
"""

from __future__ import annotations

import json
import mmap
import struct
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import zstandard

from amends.kernel.errors import TableError
from amends.portal.frozen import from_json, to_json
from amends.portal.shapes import AnswerClass

_MAGIC = b"amendsc1"
_HEAD = struct.Struct("<8sQQ")  # magic, classes, bytes of the dictionary
_DICTIONARY_BYTES = 100_000
_LEVEL = 6
# A class with two letters takes some 100 kB in memory; five hundred of them answer nearly everybody.
_KEPT = 512


def write_classes(path: Path, classes: Sequence[AnswerClass]) -> None:
    """Write classes; ``class_id`` is the index.

    Raises:
        TableError: An id is not the index.
    """
    if any(c.class_id != n for n, c in enumerate(classes)):
        raise TableError("The classes of answers are out of order", where=path.name)
    words = b""
    for one in classes:
        if len(words) >= _DICTIONARY_BYTES:
            break
        words += _packed(one)
    words = words[:_DICTIONARY_BYTES]
    packer = zstandard.ZstdCompressor(level=_LEVEL, dict_data=_dictionary(words))
    with path.open("wb") as out:
        start = _HEAD.size + len(words) + 8 * (len(classes) + 1)
        out.seek(start)
        ends = [start]
        for one in classes:
            out.write(packer.compress(_packed(one)))
            ends.append(out.tell())
        out.seek(0)
        out.write(_HEAD.pack(_MAGIC, len(classes), len(words)) + words)
        out.write(struct.pack(f"<{len(ends)}Q", *ends))


def _packed(one: AnswerClass) -> bytes:
    return json.dumps(to_json(one), ensure_ascii=False, separators=(",", ":")).encode()


def _dictionary(words: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(words, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


class ClassFile:
    """The classes of an edition; those asked for last stay in memory. Many threads may ask at once.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Map the file.

        Raises:
            TableError: It is none, was cut short, or cannot be read.
        """
        self._path = path
        try:
            with path.open("rb") as stream:
                self._whole = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
            magic, self.n_classes, length = _HEAD.unpack_from(self._whole)
            at = _HEAD.size + length
            self._ends = struct.unpack_from(f"<{self.n_classes + 1}Q", self._whole, at)
            if magic != _MAGIC or self._ends[-1] != len(self._whole):
                raise ValueError("length")
        except (OSError, ValueError, struct.error) as error:
            raise self._broken() from error
        self._words = _dictionary(bytes(self._whole[_HEAD.size : at]))
        self._own = threading.local()
        self.read = lru_cache(_KEPT)(self._read)

    def _read(self, class_id: int) -> AnswerClass:
        """Return one class.

        Raises:
            TableError: There is none of that number, or it cannot be read.
        """
        if not 0 <= class_id < self.n_classes:
            raise self._broken()
        unpack = getattr(self._own, "unpack", None)
        if unpack is None:
            unpack = zstandard.ZstdDecompressor(dict_data=self._words).decompress
            self._own.unpack = unpack
        try:
            raw = unpack(bytes(self._whole[self._ends[class_id] : self._ends[class_id + 1]]))
            return from_json(AnswerClass, json.loads(raw))
        except (ValueError, zstandard.ZstdError) as error:
            raise self._broken() from error

    def _broken(self) -> TableError:
        return TableError(
            "The file of answers is not whole",
            where=self._path.name,
            remedy="publish again with: amends portal publish CASE --to PUBLISHED",
        )
