r"""RTF: the text, with code page and Unicode escapes read; table cells as tabs, rows and paragraphs as lines.

Source:
    Rich Text Format specification 1.9.1: \ansicpg, \'hh, \uN with \ucN, destinations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amends.custody.readers.base import Opener, blocks_of
from amends.custody.source import Source
from amends.kernel.contents import DocumentPart, Part

_TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)",
    re.S,
)
HIDDEN = frozenset(
    [
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "objdata",
        "themedata",
        "colorschememapping",
        "latentstyles",
        "datastore",
        "generator",
        "listtable",
        "listoverridetable",
        "rsidtbl",
        "xmlnstbl",
        "filetbl",
        "revtbl",
        "fldinst",
        "nonshppict",
        "blipuid",
        "mmathPr",
        "panose",
        "falt",
    ]
)
SIGNS = {
    "par": "\n",
    "line": "\n",
    "row": "\n",
    "sect": "\n",
    "page": "\n",
    "tab": "\t",
    "cell": "\t",
    "nestcell": "\t",
    "nestrow": "\n",
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
}


class Rtf:
    """Reads RTF documents."""

    name = "rtf"

    def detect(self, source: Source) -> bool:
        """Answer by the first bytes."""
        return source.head.lstrip().startswith(b"{\\rtf")

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the one document."""
        text = source.seekable().read().decode("latin-1")
        yield DocumentPart(
            source.inner_path, "application/rtf", self.name, blocks_of(rtf_text(text))
        )


def rtf_text(text: str) -> Iterator[str]:
    """Yield the visible text of an RTF file."""
    state = _State()
    pieces: list[str] = []
    for found in _TOKEN.finditer(text):
        pieces.extend(state.take(found))
        if len(pieces) > 4096:
            yield "".join(pieces)
            pieces = []
    pieces.extend(state.flush())
    yield "".join(pieces)


class _State:
    """Groups, code page and how many characters stand in for a Unicode one."""

    def __init__(self) -> None:
        self._stack: list[tuple[bool, int]] = []
        self._hidden = False
        self._stand_ins = 1
        self._skip = 0
        self._page = "cp1252"
        self._bytes = bytearray()
        self._starred = False

    def flush(self) -> list[str]:
        """Return waiting bytes as text."""
        if not self._bytes:
            return []
        text = bytes(self._bytes).decode(self._page, "replace")
        self._bytes.clear()
        return [text]

    def take(self, found: re.Match[str]) -> list[str]:
        """Return the text of one token."""
        word, number, code, sign, brace, plain = found.groups()
        if code:
            if self._skip:
                self._skip -= 1
            elif not self._hidden:
                self._bytes.append(int(code, 16))
            return []
        out = self.flush()
        if brace:
            self._brace(brace)
        elif word:
            out += self._word(word, int(number) if number else None)
        elif sign:
            out += self._sign(sign)
        elif plain:
            text = plain[self._skip :]
            self._skip = max(self._skip - len(plain), 0)
            if not self._hidden:
                out.append(text)
        return out

    def _brace(self, brace: str) -> None:
        self._skip = 0
        if brace == "{":
            self._stack.append((self._hidden, self._stand_ins))
        elif self._stack:
            self._hidden, self._stand_ins = self._stack.pop()

    def _sign(self, sign: str) -> list[str]:
        if sign == "*":
            self._starred = True
            return []
        if self._hidden:
            return []
        return [
            {"~": "\u00a0", "_": "-", "-": "", "\n": "\n", "\r": "\n"}.get(
                sign, sign if sign in "\\{}" else ""
            )
        ]

    def _word(self, word: str, number: int | None) -> list[str]:
        starred, self._starred = self._starred, False
        if word in HIDDEN or (starred and word not in ("shptxt", "shpinst", "footnote")):
            self._hidden = True
        elif word == "ansicpg" and number:
            self._page = _code_page(number)
        elif word == "uc" and number is not None:
            self._stand_ins = max(number, 0)
        elif word == "u" and number is not None:
            self._skip = self._stand_ins
            return [] if self._hidden else [_char(number)]
        elif word in SIGNS and not self._hidden:
            return [SIGNS[word]]
        return []


def _code_page(number: int) -> str:
    name = f"cp{number}"
    try:
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name


def _char(number: int) -> str:
    code = number & 0xFFFF
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
