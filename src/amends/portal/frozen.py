"""Frozen values of ``shapes`` as JSON and back: the types written there are the schema."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any, TypeVar

Shape = TypeVar("Shape")


def to_json(value: object) -> Any:  # Any: JSON
    """Return a value made of frozen dataclasses, tuples, mappings, sets and days as JSON."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(to_json(v) for v in value)
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


def from_json(shape: type[Shape], raw: object) -> Shape:
    """Return the value of a shape that ``to_json`` wrote; a field that is not there takes its default.

    Raises:
        ValueError: It is something else.
    """
    try:
        made: Shape = _reader(typing.cast(Any, shape))(raw)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a {shape.__name__}") from error
    return made


_Reader = Callable[[Any], Any]  # Any: JSON in, a value of the shape out


@cache
def _reader(shape: Any) -> _Reader:  # Any: a type or a typing construct
    if dataclasses.is_dataclass(shape):
        return _dataclass_reader(shape)
    origin, inner = typing.get_origin(shape), typing.get_args(shape)
    if origin is tuple:
        return _many(tuple, inner[0])
    if origin is frozenset:
        return _many(frozenset, inner[0])
    if origin in (typing.Union, types.UnionType):
        some = _reader(next(a for a in inner if a is not type(None)))
        return lambda raw: None if raw is None else some(raw)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(inner[1])
    return _day if shape is date else _plain(shape)


def _dataclass_reader(shape: Any) -> _Reader:  # Any: a dataclass
    hints = typing.get_type_hints(shape)
    readers: dict[str, Any] = {f.name: hints[f.name] for f in dataclasses.fields(shape)}
    needed = {
        f.name
        for f in dataclasses.fields(shape)
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }

    def read(raw: Any) -> Any:  # Any: JSON
        if not isinstance(raw, dict) or not needed <= raw.keys():
            raise TypeError(shape.__name__)
        return shape(**{n: _reader(t)(raw[n]) for n, t in readers.items() if n in raw})

    return read


def _many(kind: Callable[[Any], Any], item: Any) -> _Reader:  # Any: as above
    read = _reader(item)

    def several(raw: Any) -> Any:  # Any: JSON
        if not isinstance(raw, list):
            raise TypeError("no list")
        return kind(read(r) for r in raw)

    return several


def _mapping(item: Any) -> _Reader:  # Any: as above
    read = _reader(item)
    return lambda raw: {str(k): read(v) for k, v in raw.items()}


def _plain(shape: Any) -> _Reader:  # Any: as above
    allowed = (shape,) if isinstance(shape, type) else (str,)

    def read(raw: Any) -> Any:  # Any: JSON
        if not isinstance(raw, allowed) or (isinstance(raw, bool) and bool not in allowed):
            raise TypeError("another type")
        return raw

    return read


def _day(raw: Any) -> date:  # Any: JSON
    return date.fromisoformat(raw)
