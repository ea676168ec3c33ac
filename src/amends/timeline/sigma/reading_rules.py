"""Rule files as plain values: read with bounds, so that no file can exhaust memory or time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from amends.timeline.sigma.rules import Refusal

MAX_FILE_BYTES = 1 << 20  # the longest rule of SigmaHQ has 40 KiB
MAX_NODES = 100_000  # values of one file with its aliases written out
MAX_DEPTH = 100
MAX_FILES = 200_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class RuleFile:
    """A file of rules.

    Attributes:
        pack: own, or the name of its folder.
        path: Relative to the folder.
        content: Its bytes; ``None`` when it was refused.
        refusal: Why it was not read; ``None`` when it was.
    """

    pack: str
    path: str
    content: bytes | None
    refusal: Refusal | None = None


class TooMuch(ValueError):  # noqa: N818 - a refusal, not a failure
    """A document is recursive, or grows beyond bounds when its aliases are written out."""


def rule_files(folder: Path, pack: str) -> Iterator[RuleFile]:
    """Yield the files of rules of a folder (or the one file), by path; links are not followed."""
    single = folder.is_file()
    names = [folder.name] if single else _rule_names(folder)
    root = str(folder.parent if single else folder)
    for n, name in enumerate(names):
        content, reason = (
            _content(f"{root}/{name}")
            if n < MAX_FILES
            else (None, f"more than {MAX_FILES:,} files")
        )
        shown = name.encode("utf-8", "replace").decode("utf-8")
        yield RuleFile(pack, shown, content, Refusal(shown, "", reason) if reason else None)


def documents(content: bytes) -> list[Any]:
    """Return the documents of a file.

    Raises:
        TooMuch: A document is recursive or grows beyond bounds.
        ValueError: It is not UTF-8 or not YAML.
    """
    text = content.decode("utf-8-sig")
    found = []
    loader: Any = None
    try:
        if _may_be_deep(text):
            _check_depth(text)
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            _check_size(node)
            found.append(loader.construct_document(node))
    except yaml.YAMLError as error:
        raise ValueError("not YAML" + _place(error)) from error
    except RecursionError as error:
        raise TooMuch("nested too deeply") from error
    finally:
        if loader is not None:
            loader.dispose()
    return found


def _rule_names(folder: Path) -> list[str]:
    """Return the paths of rule files in a folder, relative to it, in the order of their parts."""
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parts = waiting.pop()
        try:
            with os.scandir("/".join((str(folder), *parts))) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((*parts, entry.name))
                    elif _named_as_rule(entry.name) and not _leads_to_folder(entry):
                        found.append((*parts, entry.name))
        except PermissionError:
            continue
    return ["/".join(parts) for parts in sorted(found)]


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and Path(entry.path).is_dir()


def _named_as_rule(name: str) -> bool:
    stem, dot, ending = name.rpartition(".")
    return bool(stem and dot) and ending.lower() in ("yml", "yaml")


def _content(path: str) -> tuple[bytes | None, str]:
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None, "a link or no plain file"
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - thousands of files: a Path each costs more than the reading
            content = stream.read(MAX_FILE_BYTES + 1)
    except OSError:
        return None, "cannot be opened"
    if len(content) > MAX_FILE_BYTES:
        return None, "longer than 1 MiB"
    return content, ""


def _may_be_deep(text: str) -> bool:
    """Answer whether a document could be nested beyond the bound: a cheap count that never says no wrongly."""
    opened = text.count("[") + text.count("{")
    lines = text.splitlines()
    indented = max((len(line) - len(line.lstrip()) for line in lines), default=0)
    compact = max((line.count("- ") + line.count("? ") for line in lines), default=0)
    return opened + indented + compact > MAX_DEPTH


def _check_depth(text: str) -> None:
    """Refuse a document that is nested too deeply, before it is composed: composing recurses in C."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise TooMuch("nested too deeply")


def _check_size(root: Any) -> None:
    """Refuse a document that is recursive, deep, or too large once its aliases are written out.

    Walks the graph of nodes once; what an alias names is counted each time it is used, without being copied.
    """
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        children = _children(node)
        if done:
            open_nodes.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(c)] for c in children)
            if sizes[id(node)] > MAX_NODES:
                raise TooMuch(f"more than {MAX_NODES:,} values once its aliases are written out")
            continue
        if id(node) in sizes:
            continue
        if id(node) in open_nodes:
            raise TooMuch("it contains itself")
        if len(open_nodes) > MAX_DEPTH:
            raise TooMuch("nested too deeply")
        open_nodes.add(id(node))
        stack.append((node, True))
        stack.extend((child, False) for child in children)


def _children(node: Any) -> list[Any]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}" if mark is not None else ""
