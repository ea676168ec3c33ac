"""What the footer of a Parquet file says of a column's type, and how it says something else.

The type of a column stands in up to four places: the schema element, Arrow's own schema (``ARROW:schema``), and what
pandas and Spark noted. All four must agree, or readers cast tokens to numbers.

Source:
    Apache Parquet, ``parquet.thrift``, ``SchemaElement``; Apache Arrow, "Reading and writing Parquet", ARROW:schema;
    pandas, "Developer notes: storing pandas DataFrame objects in Apache Parquet format"; Apache Spark,
    ``ParquetReadSupport.SPARK_METADATA_KEY``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from amends.vault.stores.file_kinds import Form
from amends.vault.stores.parquet_footer import Node, Reader, Values, encoded, get
from amends.vault.stores.parquet_leaves import (
    keeps_type,
    leaf_paths,
    split_path,
    token_type,
    with_leaf_type,
)

ARROW, PANDAS, SPARK = b"ARROW:schema", b"pandas", b"org.apache.spark.sql.parquet.row.metadata"
TYPE_FIELDS = (1, 2, 6, 7, 8, 10)
"""Fields of a schema element that say its type: physical, length, converted, scale, precision, logical."""


@dataclass(frozen=True)
class Target:
    """A column that is written anew.

    Attributes:
        path: Its path, dots between levels.
        top: The field of the schema it is in.
        inner: The fields below it.
        kind: The type it gets, as Arrow's.
        written: The type it is written as; a column of views or of a dictionary is written as plain text.
        back: Whether its values become clear again.
        element: Its schema element before the change, where it is known.
    """

    path: str
    top: str
    inner: tuple[str, ...]
    kind: pa.DataType
    written: pa.DataType
    back: bool
    element: Node | None

    @property
    def names(self) -> list[bytes]:
        """Return the path as the footer has it."""
        return [self.top.encode(), *(n.encode() for n in self.inner)]


def targets_of(schema: pa.Schema, columns: Sequence[str], form: Form, back: bool) -> list[Target]:
    """Return the columns of a file that are written anew, in its order."""
    before = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(form["types"]))) if back else None
    found = []
    for path, kind, _ in leaf_paths(schema):
        if path not in columns:
            continue
        top, inner = split_path(schema, path)
        if before is not None and path in before.names:
            becomes = before.field(path).type
        else:
            becomes = kind if keeps_type(kind) else token_type(kind)
        raw = form.get("elements", {}).get(path)
        element = Reader(base64.b64decode(raw)).node() if raw else None
        found.append(Target(path, top, tuple(inner), becomes, _written(becomes), back, element))
    return found


def _written(kind: pa.DataType) -> pa.DataType:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_large_string(plain) or pa.types.is_string_view(plain):
        return pa.string()
    if pa.types.is_large_binary(plain) or pa.types.is_binary_view(plain):
        return pa.binary()
    return plain


def remembered(footer: Node, schema: pa.Schema, columns: Sequence[str]) -> Form:
    """Return the types of columns in all the places they stand in, so that an undo can give them back."""
    kinds = {path: kind for path, kind, _ in leaf_paths(schema)}
    held = pa.schema([pa.field(c, kinds[c]) for c in columns if c in kinds])
    elements = {}
    for column in columns:
        if column in kinds:
            top, inner = split_path(schema, column)
            node = element_at(footer, [top.encode(), *(i.encode() for i in inner)])
            elements[column] = base64.b64encode(encoded(node)).decode()
    return {
        "types": base64.b64encode(held.serialize().to_pybytes()).decode(),
        "elements": elements,
        "pandas": {c: e for c, e in _pandas_entries(footer) if c in columns},
        "spark": {c: e["type"] for c, e in _spark_entries(footer) if c in columns},
    }


def element_at(footer: Node, names: list[bytes]) -> Node:
    """Return the schema element of a leaf.

    Raises:
        KeyError: There is none.
    """
    elements = get(footer, 2).items
    at = 1
    path: list[tuple[bytes, int]] = []  # name, children still to come
    while at < len(elements):
        element = elements[at]
        children = get(element, 5, 0)
        here = [*(name for name, _ in path), get(element, 4)]
        if here == names and not children:
            found: Node = element
            return found
        if children:
            path.append((get(element, 4), children))
        else:
            while path:
                name, left = path.pop()
                if left > 1:
                    path.append((name, left - 1))
                    break
        at += 1
    raise KeyError(b".".join(names))


def retype(footer: Node, target: Target, made: Node) -> None:
    """Let a column's schema element say the type it was written in.

    Args:
        footer: The footer that is changed.
        target: The column.
        made: The schema element that PyArrow wrote for it.
    """
    element = element_at(footer, target.names)
    like = made
    if target.back and target.element is not None:
        physical = [target.element.get(n) for n in TYPE_FIELDS[:2]]
        if physical == [made.get(n) for n in TYPE_FIELDS[:2]]:
            like = target.element
    elif get(element, 1) == get(made, 1):  # bytes without or with another label keep it
        return
    for number in TYPE_FIELDS:
        element.pop(number, None)
        if number in like:
            element[number] = like[number]


def retell(footer: Node, targets: Sequence[Target], form: Form) -> None:
    """Let the notes of Arrow, pandas and Spark say the types that columns have now."""
    for pair in get(footer, 5, Values(12, [])).items:
        key, value = get(pair, 1), get(pair, 2)
        if value is None:
            continue
        if key == ARROW:
            pair[2] = (8, _arrow(value, targets, form))
        elif key in (PANDAS, SPARK):
            pair[2] = (8, _noted(key, value, targets, form))


def _arrow(value: bytes, targets: Sequence[Target], form: Form) -> bytes:
    schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(value)))
    before = schema
    for target in targets:
        at = schema.get_field_index(target.top)
        field = with_leaf_type(schema.field(at), list(target.inner), target.kind)
        schema = schema.set(at, field)
    notes = dict(schema.metadata or {})  # readers take these before the footer's own
    for key in (PANDAS, SPARK):
        if key in notes:
            notes[key] = _noted(key, notes[key], targets, form)
    schema = schema.with_metadata(notes or None)
    if schema.equals(before, check_metadata=True):
        return value
    return base64.b64encode(schema.serialize().to_pybytes())


def _noted(key: bytes, value: bytes, targets: Sequence[Target], form: Form) -> bytes:
    """Return what pandas or Spark noted, with the columns' types of now; unchanged where none is told of."""
    try:
        held = json.loads(value)
    except ValueError:
        return value
    before = json.dumps(held)
    changed = {t.path: t for t in targets}
    for name, entry in _entries(key, held):
        target = changed.get(name)
        if target is None:
            continue
        old = form.get("pandas" if key == PANDAS else "spark", {}).get(name)
        if key == SPARK:
            entry["type"] = old if target.back and old else _spark_type(entry["type"], target)
        elif target.back and old:
            entry.update(old)
        elif str(entry.get("pandas_type")) not in ("unicode", "string", "bytes", "categorical"):
            entry.update(pandas_type="unicode", numpy_type="object", metadata=None)
    return value if json.dumps(held) == before else json.dumps(held).encode()


def _spark_type(before: object, target: Target) -> object:
    return "binary" if pa.types.is_binary(target.written) else "string"


def _entries(key: bytes, held: Any) -> list[tuple[str, dict[str, Any]]]:  # Any: foreign JSON
    """Return the entries of columns in a note, by name; what is not of the expected form is left alone."""
    try:
        if key == PANDAS:
            return [(str(e["field_name"]), e) for e in held["columns"] if e.get("field_name")]
        return [(str(e["name"]), e) for e in held["fields"] if "type" in e]
    except (KeyError, TypeError, AttributeError):
        return []


def _pandas_entries(footer: Node) -> list[tuple[str, dict[str, Any]]]:  # Any: foreign JSON
    return _note_entries(footer, PANDAS)


def _spark_entries(footer: Node) -> list[tuple[str, dict[str, Any]]]:  # Any: foreign JSON
    return _note_entries(footer, SPARK)


def _note_entries(footer: Node, key: bytes) -> list[tuple[str, dict[str, Any]]]:  # Any: as above
    for pair in get(footer, 5, Values(12, [])).items:
        if get(pair, 1) == key and get(pair, 2) is not None:
            try:
                return _entries(key, json.loads(get(pair, 2)))
            except ValueError:
                return []
    return []
