"""The contract of a page: a function from a visit to facts. Route, role, template and twins are declared with it.

    @page("/exhibits", name="exhibits", area="evidence", template="exhibits.html", rows="exhibits")
    def exhibits(visit: Visit) -> Facts:
        with visit.case() as case:
            return {"exhibits": case.engine.arrow(f"SELECT * FROM {case.read(EXHIBITS)}").to_pylist()}

    @action("/exceptions/{exception_id}", name="settle_exception", area="review")
    def settle_exception(visit: Visit) -> str:
        with visit.case() as case:
            case.decide("exception", {"exception_id": visit.path("exception_id")}, visit.form("word"))
        visit.say("Recorded.")
        return "/exceptions"

What the declaration brings:

- ``GET /exhibits`` renders the template; ``/exhibits.json`` prints the facts; ``/exhibits.csv`` prints the rows (a list
  of mappings) that ``rows`` names. Facts whose name begins with ``_`` are for the template alone (drawings).
- The role is checked against ``roles.AREAS`` before the function runs: ``see`` for a page, ``act`` for an action.
- A POST is refused without the session's CSRF token: ``{{ csrf() }}`` inside each ``<form method="post">``.
- Functions run in a thread, as the person who signed in: decisions and ledger lines carry that name.
- An ``AmendsError`` becomes a page that says what, where and what to do; ``Missing`` a 404.

Templates extend ``layout.html`` (blocks ``title``, ``main``) and have the facts by name, ``visit``, and the macros of
``parts.html``. No inline style or script: the content policy blocks them. A control with ``data-key="m"`` is clicked (a
link or button) or focused (a field) by that key; a table row link with ``data-row`` is walked with ``j`` and ``k``.
A module of pages stands in ``app.PAGES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from starlette.responses import Response

from amends.console.desk import Desk
from amends.console.roles import AREAS, may
from amends.kernel.case import Case
from amends.kernel.errors import AmendsError, UsageError
from amends.kernel.ledger import Line

Facts = Mapping[str, object]
Answer = Facts | str | Response
Kind = Literal["page", "action", "file"]


class Missing(UsageError):  # noqa: N818 - reads as the state it is
    """There is no such thing in the case: answered 404."""


class Refused(AmendsError):  # noqa: N818 - reads as the state it is
    """The person may not do this: answered 403."""


class Throttled(AmendsError):  # noqa: N818 - reads as the state it is
    """Too much in too short a time: answered 429.

    Attributes:
        seconds: After which to try again.
    """

    def __init__(self, what: str, *, seconds: int, remedy: str = "") -> None:
        """Keep the time beside the words."""
        super().__init__(what, remedy=remedy)
        self.seconds = seconds


@dataclass(frozen=True)
class User:
    """Somebody who signed in.

    Attributes:
        name: Name of the account; unique.
        shown: Name of the person, as decisions and approvals carry it.
        role: One of ``roles.ROLES``.
    """

    name: str
    shown: str
    role: str

    def may(self, area: str, *, act: bool = False) -> bool:
        """Say whether this person may open an area, or change something in it."""
        return may(self.role, area, act=act)


@dataclass(frozen=True)
class View:
    """One declared page, action or file.

    Attributes:
        name: Unique; what ``.json`` says as ``view``.
        route: Path, with ``{parameters}``.
        kind: ``page`` (GET, with twins), ``action`` (POST), or ``file`` (GET, answers with a ``Response``).
        area: Area of ``roles.AREAS``.
        run: What answers.
        template: For pages, and for actions that answer with facts.
        rows: Name of the fact whose rows the ``.csv`` twin prints; "" = the facts as name and value.
        post: Whether a page is asked by POST (its words must not stand in an address); its twins are too.
    """

    name: str
    route: str
    kind: Kind
    area: str
    run: Callable[[Visit], Answer]
    template: str = ""
    rows: str = ""
    post: bool = False

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return "POST" if self.post or self.kind == "action" else "GET"

    @property
    def acts(self) -> bool:
        """Say whether the right to change is asked, not only the right to see."""
        return self.kind == "action"

    def twin(self, ending: str) -> str:
        """Return the route of a twin: ``json`` or ``csv``; that of ``/`` is ``/home.json``."""
        return f"{self.route if self.route != '/' else '/home'}.{ending}"


@dataclass
class Visit:
    """One request of somebody who signed in; what a view is given.

    Attributes:
        desk: The desk with the case.
        user: Who asks.
        csrf: The token that forms of this session carry.
        url: Path and query as asked.
        paths: Parameters of the route.
        query: Parameters after the ``?``; the last where one is given twice.
        fields: Fields of the form of a POST; the last where one is given twice.
        lists: The same with every value, from query and form.
        network: Address the request came from.
    """

    desk: Desk
    user: User
    csrf: str
    url: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, list[str]] = field(default_factory=dict)
    network: str = ""
    said: list[str] = field(default_factory=list)

    @contextmanager
    def case(self) -> Iterator[Case]:
        """Borrow the case for this thread: for reading, and for ``case.decide``."""
        with self.desk.case() as borrowed:
            yield borrowed

    @contextmanager
    def alone(self) -> Iterator[Case]:
        """Borrow the case and hold its lock: for what the command line does under it (seal, approve, send).

        Raises:
            BusyError: A run, a sender or another person holds it; the page says so.
        """
        with self.desk.alone() as borrowed:
            yield borrowed

    def path(self, name: str) -> str:
        """Return a parameter of the route."""
        return self.paths[name]

    def form(self, name: str, default: str = "", *, limit: int = 2_000) -> str:
        """Return a field of the form, trimmed and cut to ``limit`` characters."""
        return self.fields.get(name, default).strip()[:limit]

    def asked(self, name: str, default: str = "", *, limit: int = 200) -> str:
        """Return a parameter after the ``?``, trimmed and cut to ``limit`` characters."""
        return self.query.get(name, default).strip()[:limit]

    def number(self, name: str, default: int, *, most: int = 1_000_000_000) -> int:
        """Return a whole number of the query or form, from 0 to ``most``; ``default`` when it is none."""
        text = self.fields.get(name, self.query.get(name, ""))
        return (
            min(int(text), most)
            if text.isascii() and text.isdigit() and len(text) < 19
            else default
        )

    def chosen(self, name: str) -> list[str]:
        """Return every value of a parameter or field that may be given several times."""
        return [v.strip()[:200] for v in self.lists.get(name, [])][:100]

    def may(self, area: str, *, act: bool = False) -> bool:
        """Say whether the person may open an area, or change something in it."""
        return self.user.may(area, act=act)

    def need(self, area: str, *, act: bool = True) -> None:
        """Refuse unless the person may do this, where one page touches two areas.

        Raises:
            Refused: They may not.
        """
        if not self.may(area, act=act):
            raise Refused(
                f"The role {self.user.role.replace('_', ' ')} may not do this",
                remedy="ask the lead of the case",
            )

    def note(self, act: str, **body: object) -> Line:
        """Write a ledger line in the person's name; no personal value may stand in it."""
        return self.desk.ledger.append(act, **body)

    def say(self, text: str) -> None:
        """Show a sentence once, on the next page this person sees."""
        self.said.append(text)


VIEWS: dict[str, View] = {}
"""Every declared view by name, filled as the modules of ``app.PAGES`` are imported."""


def _declare(view: View) -> None:
    if view.area not in AREAS:
        raise ValueError(f"{view.name}: there is no area {view.area!r} in roles.AREAS")
    if view.name in VIEWS and VIEWS[view.name].run.__module__ != view.run.__module__:
        raise ValueError(f"two views are named {view.name!r}")
    VIEWS[view.name] = view


def page(
    route: str, *, name: str, area: str, template: str, rows: str = "", post: bool = False
) -> Callable[[Callable[[Visit], Answer]], Callable[[Visit], Answer]]:
    """Declare a page: it answers with facts, and has its ``.json`` and ``.csv`` twins by that."""

    def declare(run: Callable[[Visit], Answer]) -> Callable[[Visit], Answer]:
        _declare(View(name, route, "page", area, run, template, rows, post))
        return run

    return declare


def action(
    route: str, *, name: str, area: str, template: str = ""
) -> Callable[[Callable[[Visit], Answer]], Callable[[Visit], Answer]]:
    """Declare an action: a POST that changes something and answers with the path to go to, or with facts."""

    def declare(run: Callable[[Visit], Answer]) -> Callable[[Visit], Answer]:
        _declare(View(name, route, "action", area, run, template))
        return run

    return declare


def file(
    route: str, *, name: str, area: str
) -> Callable[[Callable[[Visit], Answer]], Callable[[Visit], Answer]]:
    """Declare a file, such as a picture of a letter: a GET that answers with a ``Response``; it has no twins."""

    def declare(run: Callable[[Visit], Answer]) -> Callable[[Visit], Answer]:
        _declare(View(name, route, "file", area, run))
        return run

    return declare
