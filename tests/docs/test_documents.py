"""The documents say nothing that is not there: links, commands, settings, tables, decisions and examples hold."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from amends.cli.main import cli
from amends.duties.facts import EVENTS, INCIDENT
from amends.kernel.config import SETTINGS
from amends.report import decisions, exports
from amends.tables import ALL
from amends.taxonomy.elements import elements

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
WRITTEN = [p for p in PAGES if "reference" not in p.parts]
GUIDES = [ROOT / "README.md", DOCS / "quickstart.md", *sorted((DOCS / "guide").glob("*.md"))]
ROOMS = (
    "custody", "elements", "timeline", "persons", "duties", "notices", "paths", "portal", "controls", "vault",
)  # fmt: skip
TABLES = {t.name for t in ALL}
KEYS = {(s.section, s.key) for s in SETTINGS}
LARGEST_PICTURE_BYTES = 400_000


class Fence(NamedTuple):
    """A fenced block: its page, language and text."""

    page: str
    language: str
    text: str


class Line(NamedTuple):
    """A command as a document gives it, in words."""

    page: str
    words: tuple[str, ...]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _fences(page: Path) -> Iterator[Fence]:
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S):
        yield Fence(_name(page), found[1], found[2])


def _prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.M | re.S)


def _anchor(heading: str) -> str:
    """Return the anchor that a heading gets: lower case, signs gone, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", _prose(page))


def _lines(page: Path) -> Iterator[Line]:
    for fence in _fences(page):
        if fence.language in ("", "sh", "bash"):
            for text in fence.text.replace("\\\n", " ").splitlines():
                for command in text.split("&&"):
                    words = shlex.split(command, comments=True)
                    if words[:1] == ["amends"]:
                        yield Line(_name(page), tuple(words))


LINES = [line for page in GUIDES for line in _lines(page)]


def _parsed(words: tuple[str, ...]) -> tuple[str, dict[str, object]]:
    """Let click read a command without running it; return its path and what it was given."""
    rest = list(words[1:])
    while rest and rest[0] in {o for p in cli.params for o in p.opts}:
        rest.pop(0)
    command: click.Command = cli
    path = ["amends"]
    while isinstance(command, click.Group):
        assert rest, f"{' '.join(path)} wants a command"
        found = command.get_command(click.Context(command), rest[0])
        assert found is not None, f"there is no command {' '.join([*path, rest[0]])}"
        path.append(rest.pop(0))
        command = found
    with command.make_context(path[-1], rest) as context:
        return " ".join(path), context.params


def test_there_is_a_guide_for_every_room() -> None:
    for room in ROOMS:
        assert (DOCS / "guide" / f"{room}.md").exists(), room


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in _links(page):
        target, _, anchor = link.partition("#")
        place = page if not target else (page.parent / target).resolve()
        assert place.exists(), f"{_name(page)} links to {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", place.read_text("utf-8"), re.M)
            assert anchor in {_anchor(h) for h in headings}, f"{_name(page)} links to {link}"


def test_every_page_is_reached_from_the_index() -> None:
    listed = {(DOCS / link.partition("#")[0]).resolve() for link in _links(DOCS / "index.md")}
    missing = {p for p in DOCS.rglob("*.md") if p.name != "index.md"} - listed
    assert not missing, sorted(map(_name, missing))


@pytest.mark.parametrize(
    "line", LINES, ids=lambda line: f"{line.page}: {' '.join(line.words)}"[:90]
)
def test_every_command_shown_is_one_that_click_takes(line: Line) -> None:
    path, given = _parsed(line.words)
    if path == "amends show" and given["table"]:
        assert given["table"] in TABLES
    if path == "amends export":
        assert given["name"] in exports.names()
    if path == "amends run":
        assert set(given["stages"]) <= set(ROOMS)  # type: ignore[call-overload]  # words, as click gives them
    if path == "amends event add":
        assert given["kind"] in {*EVENTS, *INCIDENT}


@pytest.mark.parametrize(
    "line",
    [line for line in LINES if line.words[1:2] == ("decide",)],
    ids=lambda line: f"{line.page}: {' '.join(line.words)}"[:90],
)
def test_every_decision_shown_is_one_that_can_be_made(line: Line) -> None:
    _, given = _parsed(line.words)
    if given["kind"] is None:
        return
    kind = decisions.KINDS[str(given["kind"])]
    subject, choice = given["subject"], given["choose"]
    assert isinstance(subject, tuple)
    assert len(subject) == len(kind.subject) or (kind.subject[0].endswith("…") and len(subject) > 1)
    if choice:
        assert not kind.choices or choice in kind.choices
    else:
        assert len(kind.choices) == 1
    if kind.name == "not_theirs":
        assert subject[1] in elements()


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_commands_named_in_prose_exist(page: Path) -> None:
    for text in re.findall(r"`(amends [a-z][^`]*)`", _prose(page)):
        words = [w for w in shlex.split(text)[1:] if not w.startswith("-")]
        command: click.Command = cli
        while isinstance(command, click.Group) and words:
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, f"{_name(page)}: {text}"
            command = found


def test_all_kinds_of_decision_stand_in_the_guide() -> None:
    text = (DOCS / "guide" / "cases.md").read_text("utf-8")
    for kind in decisions.KINDS:
        assert f"| `{kind}` |" in text, kind


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_every_setting_named_exists(page: Path) -> None:
    for section, keys in re.findall(r"`\[([a-z.]+)\]((?: [a-z_]+)?)`", _prose(page)):
        if keys:
            assert (section, keys.strip()) in KEYS, f"{_name(page)}: [{section}]{keys}"
        else:
            assert any(s == section or s.startswith(f"{section}.") for s, _ in KEYS), section


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_every_line_of_a_settings_table_exists(page: Path) -> None:
    for row in re.findall(r"^\| (`\[.*)$", page.read_text("utf-8"), re.M):
        cell = row.split("|")[0]
        section = ""
        for given, key in re.findall(r"`(?:\[([a-z.]+)\] )?([a-z_]+)`", cell):
            section = given or section
            assert (section, key) in KEYS, f"{_name(page)}: [{section}] {key}"


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_settings_shown_as_toml_can_be_used(page: Path) -> None:
    for fence in _fences(page):
        if fence.language == "toml":
            for section, values in tomllib.loads(fence.text).items():
                for key, value in values.items():
                    if isinstance(value, dict):
                        assert {(f"{section}.{key}", inner) for inner in value} <= KEYS
                    else:
                        assert (section, key) in KEYS, f"[{section}] {key}"


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_json_shown_is_json(page: Path) -> None:
    for fence in _fences(page):
        if fence.language == "json":
            try:
                json.loads(fence.text)
            except json.JSONDecodeError:
                for line in fence.text.splitlines():
                    json.loads(line)


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_tables_linked_are_named_as_they_are(page: Path) -> None:
    for shown, anchor in re.findall(
        r"\[`(\w+)`\]\((?:\.\./|docs/)?reference/tables\.md#(\w+)\)", page.read_text("utf-8")
    ):
        assert shown == anchor
        assert shown in TABLES, f"{_name(page)}: {shown}"


def test_the_guides_name_every_table() -> None:
    text = "".join(page.read_text("utf-8") for page in GUIDES)
    assert not [name for name in sorted(TABLES) if f"tables.md#{name}" not in text]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "NOTICE"], ids=_name)
def test_no_page_names_a_machine_or_a_package_index(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not re.findall(r"(?<![\w.])/(?:work|tmp|home|root|Users)/", text)
    assert not re.findall(
        r"\b(?:pypi|npmjs|pythonhosted|crates|conda|anaconda)\.(?:org|com|io)\b", text
    )
    assert not re.findall(r"https?://(?!localhost|127\.0\.0\.1|[A-Z]+/)[^\s)`\"…]+", text)


@pytest.mark.parametrize("page", GUIDES, ids=_name)
def test_python_shown_runs(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for fence in _fences(page):
        if fence.language == "python":
            exec(compile(fence.text, fence.page, "exec"), {})
    capsys.readouterr()


def test_the_worked_facts_are_answered_as_the_page_says(tmp_path: Path) -> None:
    fences = list(_fences(DOCS / "guide" / "facts.md"))
    facts = next(f.text for f in fences if f.language == "json")
    shown = next(f.text for f in fences if f.language == "text")
    part = json.loads([f.text for f in fences if f.language == "json"][1])
    (tmp_path / "facts.json").write_text(facts, "utf-8")

    def answered(*words: str) -> str:
        command = [sys.executable, "-m", "amends", "duties", "facts.json", *words]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
        ).stdout

    assert [line.split() for line in answered().splitlines()] == [
        line.split() for line in shown.splitlines()
    ]
    full = json.loads(answered("--json"))["groups"]["customers-ca"]
    assert {key: full[key] for key in part} == part


def test_every_bench_script_stands_in_the_page() -> None:
    text = (DOCS / "benchmarks.md").read_text("utf-8")
    helpers = {"common.py"}
    for script in sorted((ROOT / "bench").glob("*.py")):
        assert script.name in helpers or f"`bench/{script.name}`" in text, script.name


def test_pictures_are_small_and_used() -> None:
    text = "".join(p.read_text("utf-8") for p in WRITTEN)
    for picture in sorted((DOCS / "pictures").iterdir()):
        assert picture.stat().st_size < LARGEST_PICTURE_BYTES, picture.name
        assert f"pictures/{picture.name}" in text, picture.name


def test_shipped_tables_of_others_stand_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text("utf-8")
    named = re.findall(r"^src/\S+$", notice, re.M)
    assert named
    for path in named:
        assert (ROOT / path).exists(), path
    for readme in sorted((ROOT / "src").rglob("data/README.md")):
        text = readme.read_text("utf-8")
        for data in sorted(readme.parent.iterdir()):
            assert data.name == "README.md" or data.name in text, data.name
