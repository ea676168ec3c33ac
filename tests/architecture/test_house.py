"""The house as STYLE draws it: who writes what, which way data runs, the same doors in every room."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import amends
from amends import pipeline
from amends.kernel.schema import Table
from amends.kernel.stage import Stage
from amends.tables import ALL

ROOT = Path(amends.__file__).parent
ROOMS = [stage.name for stage in pipeline.STAGES]
SOURCES = sorted(ROOT.rglob("*.py"))


def test_every_table_has_one_writer() -> None:
    written = [table.name for stage in pipeline.STAGES for table in stage.writes]
    assert sorted(written) == sorted(table.name for table in ALL)


def test_data_runs_one_way() -> None:
    """A stage reads only what an earlier stage wrote."""
    known: set[str] = set()
    for stage in pipeline.STAGES:
        assert {t.name for t in stage.reads} <= known, stage.name
        known |= {t.name for t in stage.writes}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_the_same_doors(room: str) -> None:
    module = __import__(f"amends.{room}.stage", fromlist=["STAGE", "run"])
    assert isinstance(module.STAGE, Stage)
    assert module.STAGE.run is module.run
    front = ast.parse((ROOT / room / "__init__.py").read_text("utf-8"))
    assert len(ast.get_docstring(front) or "") > 80, (
        "the front door says what comes in and what goes out"
    )


@pytest.mark.parametrize("table", ALL, ids=lambda t: t.name)
def test_every_column_is_explained(table: Table) -> None:
    assert re.match(r"^(a|an|rows|one|something) ", table.one_row_is), table.one_row_is
    for column in table.columns:
        assert column.means.strip().endswith((".", "…")), f"{table.name}.{column.name}"
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        if column.kind == "instant":
            assert column.name == "at" or column.name.endswith("_at"), column.name
        if column.kind == "day":
            assert column.name.endswith("_on"), column.name


def test_tables_hold_declarations_only() -> None:
    for path in (ROOT / "tables").glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)], (
            path.name
        )


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_member_does_not_import_its_own_front_door(path: Path) -> None:
    package = ".".join(["amends", *path.parent.relative_to(ROOT).parts])
    if package == "amends" or path.name == "__init__.py":
        return
    tree = ast.parse(path.read_text("utf-8"))
    taken = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == package
        for alias in node.names
    ]
    folder = path.parent
    through_the_door = [
        name
        for name in taken
        if not (folder / f"{name.rsplit('.', 1)[1]}.py").exists()
        and not (folder / name.rsplit(".", 1)[1]).is_dir()
    ]
    assert not through_the_door


def test_only_the_kernel_imports_an_engine_and_only_the_vault_a_cipher() -> None:
    for path in SOURCES:
        top = {name.split(".")[0] for name in _imports(path)}
        room = path.relative_to(ROOT).parts[0]
        assert "duckdb" not in top or room == "kernel", path
        assert "cryptography" not in top or room == "vault", path


def test_time_and_chance_come_from_one_place() -> None:
    """Only ``clock`` asks for the time of day and only ``ids`` and the vault for chance."""
    asks = re.compile(
        r"datetime\.now|datetime\.utcnow|date\.today|time\.time\(|uuid\.|secrets\.|os\.urandom"
    )
    for path in SOURCES:
        where = path.relative_to(ROOT).as_posix()
        if where in ("kernel/clock.py", "kernel/ids.py") or where.startswith("vault/"):
            continue
        assert not asks.search(path.read_text("utf-8")), where


def test_nothing_prints_outside_the_faces() -> None:
    for path in SOURCES:
        if path.relative_to(ROOT).parts[0] == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id
            assert called != "print", path


def test_files_stay_small() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in SOURCES
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    assert not long


def test_functions_stay_short() -> None:
    long = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                size = (node.end_lineno or 0) - node.body[0].lineno + 1
                if size > 70:
                    long.append(f"{path.relative_to(ROOT)}:{node.name} {size}")
    assert not long


def test_no_bare_except_and_no_open_end_without_its_issue() -> None:
    for path in SOURCES:
        text = path.read_text("utf-8")
        tree = ast.parse(text)
        assert not [
            n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.type is None
        ], path
        for line in text.splitlines():
            if "TODO" in line:
                assert re.search(r"TODO\(#\d+\)", line), f"{path}: {line}"
