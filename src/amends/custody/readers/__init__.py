"""The formats custody reads, in the order in which they are tried; the first that says yes reads the item."""

from __future__ import annotations

from amends.custody.readers.archive_tar import Tar
from amends.custody.readers.archive_zip import Zip
from amends.custody.readers.base import Format
from amends.custody.readers.compressed import Compressed
from amends.custody.readers.delimited import Delimited
from amends.custody.readers.json_tables import Json
from amends.custody.readers.mail import Mail, Mbox
from amends.custody.readers.markup import Html
from amends.custody.readers.office import Office
from amends.custody.readers.ole import Ole
from amends.custody.readers.parquet import Parquet
from amends.custody.readers.pdf import Pdf
from amends.custody.readers.plain_text import PlainText
from amends.custody.readers.rtf import Rtf
from amends.custody.readers.sheet import Sheet
from amends.custody.readers.sql_dump import SqlDump
from amends.custody.readers.sqlite import Sqlite
from amends.custody.readers.unsupported import Unsupported

FORMATS: tuple[Format, ...] = (
    Compressed(),  # magic numbers first: they leave no doubt
    Sqlite(),
    Parquet(),
    Pdf(),
    Sheet(),
    Office(),
    Zip(),
    Ole(),
    Tar(),
    Unsupported(),
    Rtf(),
    Mbox(),  # then text, from the most particular to plain
    Mail(),
    SqlDump(),
    Html(),
    Json(),
    Delimited(),
    PlainText(),
)

CONTAINERS: tuple[Format, ...] = (Compressed(), Zip(), Tar())
"""The formats that only hold other files; what ``Reader.raw`` opens."""
