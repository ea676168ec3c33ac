"""The shadow of a text: as long as the text, place for place, with plain dashes, blanks, quotes and digits.

Detectors read the shadow, so a non-breaking blank or a typographer's dash costs no number, and an offset in the
shadow is an offset in the text.
"""

from __future__ import annotations

from dataclasses import dataclass

_PLAIN = {
    "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ", "\u200b": " ", "\u3000": " ", "\ufeff": " ",
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00ad": "-",
    "\uff0d": "-", "\u2018": "'", "\u2019": "'", "\u201b": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"',
    "\u2022": "*", "\u25cf": "*", "\u00b7": ".", "\uff1a": ":", "\uff03": "#", "\u2044": "/", "\u00a8": " ",
    "\u2028": "\n", "\u2029": "\n", "\u0085": "\n",
    **{chr(0xFF10 + n): str(n) for n in range(10)},
    **{chr(0x0660 + n): str(n) for n in range(10)},
}  # fmt: skip
# Letters with marks to their plain letter, for label words in other languages and names; one for one.
_MARKED = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöøùúûüýÿ"
_UNMARKED = "AAAAAACEEEEIIIINOOOOOOUUUUYaaaaaaceeeeiiiinoooooouuuuyy"
_ESCAPES = ("\\n", "\\r", "\\t")
_LABEL_BYTES = bytes.maketrans(
    b"_-'`./\t\r\xa0" + _MARKED.encode("latin-1"), b"         " + _UNMARKED.encode("latin-1")
)


@dataclass(frozen=True, slots=True)
class Shadow:
    """Three views of one text, all of its length.

    Attributes:
        text: The text with plain dashes, blanks, quotes and digits.
        shapes: One byte a character, for shapes.
        words: One byte a character, with ``_ - ' . /`` as blanks and marks off, for words.
    """

    text: str
    shapes: bytes
    words: bytes


def shadow_of(text: str) -> Shadow:
    """Return the shadow of a text."""
    plain = text
    if not text.isascii():
        for sign, stand_in in _PLAIN.items():
            if sign in plain:
                plain = plain.replace(sign, stand_in)
    if "\\" in plain:
        # Line ends and tabs written out, as logs and JSON write them.
        for escape in _ESCAPES:
            plain = plain.replace(escape, " \n" if escape != "\\t" else "  ")
    # A character outside Latin-1 becomes "?": one byte a character keeps every offset.
    body = plain.encode("latin-1", "replace")
    return Shadow(plain, body.replace(b"_", b" "), body.translate(_LABEL_BYTES))
