"""The one table of roles holds on every route, twins included."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from amends.console.app import views
from amends.console.base import VIEWS, View
from amends.console.roles import AREAS, ROLES, landing, may
from tests.console.browser import Browser

VIEW_NAMES = [v.name for v in views()]
OPEN = {"/sign-in", "/sign-out", "/health"}


def _paths(view: View) -> list[str]:
    """Return the addresses of a view and its twins, with something in the place of parameters."""
    routes = [view.route]
    if view.kind == "page":
        routes += [view.twin("json"), view.twin("csv")]
    return [re.sub(r"\{[^}]+\}", "P00000000000A", r) for r in routes]


@pytest.mark.parametrize("name", VIEW_NAMES)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_the_table_says_and_nothing_else(
    as_role: Callable[[str], Browser], role: str, name: str
) -> None:
    view, browser = VIEWS[name], as_role(role)
    allowed = may(role, view.area, act=view.acts)
    for path in _paths(view):
        # A POST goes without its token: whoever may is stopped there, so that nothing is changed by asking.
        answer = browser.get(path) if view.method == "GET" else browser.ask("POST", path, data={})
        if not allowed:
            assert answer.status_code == 403, path
            assert "does not open this page" in answer.text
        elif view.method == "POST":
            assert answer.status_code == 403, path
            assert "too old" in answer.text
        else:
            assert answer.status_code not in (401, 403, 405, 500), path


@pytest.mark.parametrize("name", VIEW_NAMES)
def test_nobody_who_is_not_signed_in_reads_anything(console: Starlette, name: str) -> None:
    view, stranger = VIEWS[name], Browser(console)
    for path in _paths(view):
        answer = stranger.ask(view.method, path, data={} if view.method == "POST" else None)
        if view.method == "GET" and path == _paths(view)[0]:
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
        else:
            assert (answer.status_code, answer.text) == (401, "Sign in first.\n")


def test_no_route_stands_outside_the_table(console: Starlette) -> None:
    declared = {p for v in VIEWS.values() for p in (v.route, v.twin("json"), v.twin("csv"))}
    for route in console.routes:
        if isinstance(route, Mount):
            assert route.path == "/assets"
        else:
            assert isinstance(route, Route)
            assert route.path in declared | OPEN, route.path


def test_who_may_change_may_also_see() -> None:
    for area in AREAS.values():
        assert area.act <= area.see <= set(ROLES)


def test_the_regulator_changes_nothing_and_unmasks_nobody() -> None:
    assert [a for a in AREAS if may("regulator", a, act=True)] == ["self"]
    assert not may("regulator", "unmask")


def test_the_call_centre_sees_the_call_screen_and_lands_on_it() -> None:
    assert sorted(a for a in AREAS if may("call_centre", a)) == ["calls", "self"]
    assert landing("call_centre") == "/calls"


def test_only_counsel_and_lead_release() -> None:
    assert sorted(r for r in ROLES if may(r, "release", act=True)) == ["counsel", "lead"]


@pytest.mark.parametrize("role", ROLES)
def test_the_menu_shows_only_what_opens(as_role: Callable[[str], Browser], role: str) -> None:
    page = as_role(role).get(landing(role)).text
    shown = re.findall(r'<a href="([^"]+)" data-go=', page)
    assert shown
    for path in shown:
        assert as_role(role).get(path).status_code == 200, path
