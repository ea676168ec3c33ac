"""Columns of Parquet as texts and back, inside structs too.

A column is named by its path: ``contact.ssn`` is the field ``ssn`` of the struct ``contact``. What repeats within a
row (lists, maps) is shown as JSON text and cannot be protected as it lies.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

NUMBER = b"amends:number"
"""Key in the metadata of a field whose texts were numbers in the file: leading zeros were lost there."""


def leaf_paths(schema: pa.Schema) -> list[tuple[str, pa.DataType, bool]]:
    """Return path, type and nullability of each column, structs opened, in order."""
    found: list[tuple[str, pa.DataType, bool]] = []
    for field in schema:
        _walk(field, field.name, field.nullable, found)
    return found


def _walk(
    field: pa.Field, path: str, nullable: bool, found: list[tuple[str, pa.DataType, bool]]
) -> None:
    if pa.types.is_struct(field.type):
        for child in field.type:
            _walk(child, f"{path}.{child.name}", nullable or child.nullable, found)
    else:
        found.append((path, field.type, nullable))


def can_be_protected(kind: pa.DataType) -> bool:
    """Say whether values of a type can become tokens and come back as they were."""
    kind = _plain(kind)
    types = pa.types
    return bool(
        _is_text(kind) or is_bytes(kind) or types.is_integer(kind) or types.is_floating(kind)
        or types.is_decimal(kind) or types.is_date(kind) or types.is_null(kind)
    )  # fmt: skip


def token_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column once it holds tokens: bytes stay bytes, everything else is text."""
    return pa.binary() if is_bytes(_plain(kind)) else pa.string()


def keeps_type(kind: pa.DataType) -> bool:
    """Say whether a column of tokens can keep its type."""
    return bool(_is_text(_plain(kind)) or _plain(kind) in (pa.binary(), pa.large_binary()))


def is_bytes(kind: pa.DataType) -> bool:
    """Say whether a type is bytes of any layout."""
    types = pa.types
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind) or types.is_binary_view(kind)
    )  # fmt: skip


def is_number(kind: pa.DataType) -> bool:
    """Say whether texts of a column were numbers, which have no leading zeros."""
    kind = _plain(kind)
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    )  # fmt: skip


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def take_leaf(column: pa.Array, path: list[str]) -> pa.Array:
    """Return the values of a field inside structs; null where a struct around it is null."""
    for name in path:
        column = pc.struct_field(column, name)
    return column


def put_leaf(column: pa.Array, path: list[str], leaf: pa.Array) -> pa.Array:
    """Return a struct of one field a level with other values at its end."""
    if not path:
        return leaf
    inner = put_leaf(take_leaf(column, path[:1]), path[1:], leaf)
    field = column.type.field(path[0])
    made = pa.field(path[0], inner.type, field.nullable)
    mask = pc.is_null(column) if column.null_count else None
    return pa.StructArray.from_arrays([inner], fields=[made], mask=mask)


def with_leaf_type(field: pa.Field, path: list[str], kind: pa.DataType) -> pa.Field:
    """Return a field with another type at the end of a path."""
    if not path:
        return field.with_type(kind)
    children = [
        with_leaf_type(child, path[1:], kind) if child.name == path[0] else child
        for child in field.type
    ]
    return field.with_type(pa.struct(children))


def as_texts(values: pa.Array) -> pa.Array:
    """Return values as texts: whole numbers without point or exponent, days as ISO, what repeats as JSON."""
    if isinstance(values, pa.DictionaryArray):
        if values.null_count == len(values) and not len(values.dictionary):
            return pa.nulls(len(values), pa.string())
        return as_texts(values.dictionary).take(values.indices)
    kind = values.type
    if pa.types.is_string(kind):
        return values
    if pa.types.is_floating(kind):
        return _floats(values)
    if pa.types.is_nested(kind):
        shown = [None if v is None else json.dumps(v, default=str) for v in values.to_pylist()]
        return pa.array(shown, pa.string())
    if is_bytes(kind):
        return _bytes(values)
    try:
        return pc.cast(values, pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pa.array([None if v is None else str(v) for v in values.to_pylist()], pa.string())


def _floats(values: pa.Array) -> pa.Array:
    """Return floats as texts; pandas keeps whole numbers with gaps as floats, and NaN is its gap."""
    values = pc.cast(values, pa.float64())
    whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 2.0**53))
    as_integers = pc.cast(pc.if_else(whole, values, 0.0), pa.int64(), safe=False)
    return pc.if_else(
        pc.fill_null(whole, False), pc.cast(as_integers, pa.string()), pc.cast(values, pa.string())
    )


def _bytes(values: pa.Array) -> pa.Array:
    plain = pc.cast(values, pa.binary())
    try:
        return pc.cast(plain, pa.string())
    except pa.ArrowInvalid:
        return pa.array([None if v is None else "0x" + v.hex() for v in plain.to_pylist()])


def as_type(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return texts as values of a type again."""
    plain = _plain(kind)
    if pa.types.is_null(plain):
        return pa.nulls(len(texts), plain)
    if pa.types.is_fixed_size_binary(plain):
        return pc.cast(pc.cast(texts, pa.binary()), plain)
    if pa.types.is_floating(plain):
        return pc.cast(pc.cast(texts, pa.float64()), plain)
    return pc.cast(texts, plain)


def texts_of(
    batch: pa.RecordBatch, schema: pa.Schema, columns: Sequence[str], kinds: dict[str, pa.DataType]
) -> pa.RecordBatch:
    """Return columns of a batch as texts, by their paths; a field tells where they were numbers."""
    arrays, fields = [], []
    for column in columns:
        top, inner = split_path(schema, column)
        arrays.append(as_texts(take_leaf(batch.column(batch.schema.get_field_index(top)), inner)))
        told = {NUMBER: str(kinds[column]).encode()} if is_number(kinds[column]) else None
        fields.append(pa.field(column, pa.string(), metadata=told))
    arrays = [a.cast(pa.string()) if a.type != pa.string() else a for a in arrays]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def split_path(schema: pa.Schema, path: str) -> tuple[str, list[str]]:
    """Return the top column of a path and the fields below it; names may hold dots themselves."""
    for field in schema:
        if path == field.name:
            return path, []
        if path.startswith(f"{field.name}.") and pa.types.is_struct(field.type):
            below = _below(field, path[len(field.name) + 1 :])
            if below is not None:
                return field.name, below
    raise KeyError(path)


def _below(field: pa.Field, rest: str) -> list[str] | None:
    for child in field.type:
        if rest == child.name:
            return [child.name]
        if rest.startswith(f"{child.name}.") and pa.types.is_struct(child.type):
            below = _below(child, rest[len(child.name) + 1 :])
            if below is not None:
                return [child.name, *below]
    return None
