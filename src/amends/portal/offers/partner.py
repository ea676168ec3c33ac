"""The partner's files: codes to import or recall, and the report of what was used. Plain values stay in memory.

CSV and the like are read line by line; a line is one row whatever quotes stand in it, for no code holds a line break.
A workbook, standard input, and a file that was encrypted for the company (``.gpg``, ``.pgp``, ``.asc``, ``.age``) are
held in memory: what comes out of a decrypter is used only once the whole file has proved to be unaltered.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO

from amends.kernel.errors import EvidenceError, UsageError
from amends.portal.offers.stock import CodeLine

_LONGEST_LINE = 65_536
_LARGEST = 1 << 30
_CHUNK = 1 << 20

_CODE = re.compile(r"(?=.*\bcodes?\b|^key$|^voucher$|^pin$)[^\d]*")
_EXPIRES = re.compile(r"expir\w*.*|valid (until|to|through).*|good (until|through).*|best before")
_REDEEMED_ON = re.compile(
    r"(redeem\w*|activat\w*|enrol\w*|used|use|redemption)( (on|at|date|day|time))+|date.*|timestamp"
)
_STATUS = re.compile(r"status|state|redeemed|used|activated|enrolled")
_USED = frozenset(
    ("yes", "y", "true", "t", "1", "redeemed", "used", "activated", "active", "enrolled", "claimed", "complete")
)  # fmt: skip


@dataclass(frozen=True)
class Columns:
    """Where in a row what stands; -1 = nowhere."""

    code: int = 0
    expires: int = -1
    redeemed_on: int = -1
    status: int = -1
    header: bool = False


class PartnerFile:
    """A file of codes.

    Args:
        place: Its path; ``-`` for standard input.
        column: Name or number (from 1) of the column of codes; "" = found by its name.
        identity: For ``.age``: the file of the identity that opens it.
    """

    def __init__(self, place: str, *, column: str = "", identity: Path | None = None) -> None:
        self._column = column
        self._path = Path(place)
        self._held: bytes | None = None
        self.workbook = self._path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods")
        suffix = self._path.suffix.lower()
        if place == "-":
            self._held = _whole(sys.stdin.buffer)
        elif suffix in (".gpg", ".pgp", ".asc", ".age"):
            self._held = _opened(self._path, identity)
        elif self.workbook:
            with _readable(self._path) as stream:
                self._held = _whole(stream)
        else:
            _readable(self._path).close()
        self.workbook = self.workbook or (self._held or b"")[:4] == b"PK\x03\x04"

    def chunks(self) -> Iterator[bytes]:
        """Yield its bytes, decrypted."""
        with self._stream() as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk

    def lines(self) -> Iterator[CodeLine]:
        """Yield its rows, header and blank lines left out.

        Raises:
            UsageError: It cannot be told which column holds the codes.
            EvidenceError: The workbook cannot be read.
        """
        rows = self._sheet() if self.workbook else self._rows()
        columns: Columns | None = None
        for line, row in rows:
            if not any(row):
                continue
            if columns is None:
                columns = _columns(row, self._column)
                if columns.header:
                    continue
            yield _line(line, row, columns)

    def _stream(self) -> IO[bytes]:
        return _readable(self._path) if self._held is None else io.BytesIO(self._held)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        with self._stream() as raw:
            head = raw.read(4)
            raw.seek(0)
            wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
            text = io.TextIOWrapper(raw, "utf-16" if wide else "utf-8-sig", "replace", newline=None)
            separator = ""
            for number, line in _physical(text):
                separator = separator or _separator(line)
                yield (
                    number,
                    [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])],
                )

    def _sheet(self) -> Iterator[tuple[int, list[str]]]:
        import python_calamine  # noqa: PLC0415 - only for workbooks

        try:
            book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(self._held or b""))
            sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise EvidenceError(
                "The workbook cannot be read", where=self._path.name, remedy="save it as CSV"
            ) from error
        for number, row in enumerate(sheet, 1):
            yield number, [_cell(value) for value in row]


def _readable(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise UsageError(
            "The partner's file cannot be read", where=path.name, remedy="check path and rights"
        ) from error


def _whole(stream: IO[bytes]) -> bytes:
    read = stream.read(_LARGEST + 1)
    if len(read) > _LARGEST:
        raise UsageError("The partner's file is larger than 1 GiB", remedy="split it")
    return read


def _opened(path: Path, identity: Path | None) -> bytes:
    """Decrypt a file into memory."""
    _readable(path).close()
    name = "age" if path.suffix.lower() == ".age" else "gpg"
    program = shutil.which(name)
    if program is None:
        raise UsageError(f"The program {name} is not installed", remedy=f"apt-get install {name}")
    own = ["--identity", str(identity.absolute())] if name == "age" and identity else []
    words = [program, *(["--batch", "--quiet"] if name == "gpg" else []), "--decrypt", *own, "--"]
    done = subprocess.run([*words, str(path.absolute())], capture_output=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise EvidenceError(
            "The partner's file does not open: it was made for another key, or was altered",
            where=path.name,
            remedy=f"see what this says: {name} --decrypt FILE > /dev/null",
        )
    return done.stdout


def _physical(text: io.TextIOWrapper) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; of one that has no end, only its beginning."""
    number, inside = 0, False
    read: Callable[[], str] = lambda: text.readline(_LONGEST_LINE)  # noqa: E731 - the form iter() wants
    for piece in iter(read, ""):
        if not inside:
            number += 1
            yield number, piece.rstrip("\r\n")
        inside = not piece.endswith("\n")


def _separator(line: str) -> str:
    found = max(",;\t|", key=line.count)
    return found if found in line else ","


def _cell(value: object) -> str:
    """Return a cell as text; a number comes marked, for a spreadsheet drops zeros and digits from long ones."""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{_NUMBER}{value:.0f}"
    return "" if value is None else str(value).strip()


_NUMBER = "\x00number "


def _columns(row: Sequence[str], wanted: str) -> Columns:
    """Say where what stands, from the first row.

    Raises:
        UsageError: Several columns and none is named like a code, or the one asked for is not there.
    """
    names = [re.sub(r"[\s_\-.#]+", " ", cell.lower()).strip() for cell in row]

    def find(pattern: re.Pattern[str], taken: Iterable[int] = ()) -> int:
        return next((i for i, n in enumerate(names) if i not in taken and pattern.fullmatch(n)), -1)

    if wanted.isdigit() and 1 <= int(wanted) <= len(row):
        code = int(wanted) - 1
    elif wanted:
        code = next((i for i, cell in enumerate(row) if cell.lower() == wanted.lower()), -1)
    else:
        code = find(_CODE)
    expires, day = find(_EXPIRES), find(_REDEEMED_ON)
    status = find(_STATUS, (code, day))
    header = max(expires, day, status) >= 0 or (code >= 0 and not wanted.isdigit())
    if code < 0 and not wanted and len(row) == 1:
        return Columns()
    if code < 0:
        raise UsageError(
            "It cannot be told which column holds the codes",
            remedy="say it with --column NAME or NUMBER",
        )
    return Columns(code, expires, day, status, header)


def _line(line: int, row: Sequence[str], columns: Columns) -> CodeLine:
    def at(place: int) -> str:
        return row[place] if 0 <= place < len(row) else ""

    used_on, status = iso_day(at(columns.redeemed_on)), at(columns.status).lower()
    redeemed: bool | None = None
    if columns.status >= 0:
        redeemed = status in _USED or iso_day(status)[:2] == "20"
    elif columns.redeemed_on >= 0:
        redeemed = bool(used_on)
    return CodeLine(line, at(columns.code), iso_day(at(columns.expires)), used_on, redeemed)


_US_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\D.*)?")


def iso_day(text: str) -> str:
    """Return a day written as 2027-12-31, or as in the United States 12/31/2027, in ISO; any other text as it is."""
    if found := _US_DAY.fullmatch(text):
        text = f"{found[3]}-{int(found[1]):02}-{int(found[2]):02}"
    return text[:10] if re.match(r"\d{4}-\d\d-\d\d([T ]|$)", text) else text
