"""What every personal page does: know its language and edition, show a template, lead on, keep its cookies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from amends.portal.pages.render import frame_of, render
from amends.portal.words.language import day_words
from amends.site.context import Site
from amends.site.forms import check_origin, read_form
from amends.site.live import Served
from amends.site.network import Caller, caller_of
from amends.site.visits import FORM_SECONDS, VISIT_SECONDS, Visit
from amends.site.words import Texts, texts

TEMPLATES = Path(__file__).parent.parent / "templates"
_PLACE = "-PLACE-OF-THE-TOKEN-"


@dataclass(frozen=True)
class Asked:
    """A request, with all it is answered from.

    Attributes:
        request: The request.
        site: The site.
        served: The edition it began with.
        language: ``en`` or ``es``.
    """

    request: Request
    site: Site
    served: Served
    language: str

    @classmethod
    def of(cls, request: Request) -> Asked:
        """Take the present edition for a request."""
        site: Site = request.scope["site"]
        return cls(request, site, site.live.now, request.path_params["language"])

    @property
    def words(self) -> Texts:
        """Return the words of the page."""
        return texts(self.language)

    @property
    def caller(self) -> Caller:
        """Return the network it comes from."""
        return caller_of(self.request.scope, self.site.settings.hops)

    @property
    def day(self) -> str:
        """Return the day of the edition in words."""
        return day_words(self.served.found.edition.released_on, self.language)

    def page(self, template: str, name: str, *, status: int = 200, **values: object) -> Response:
        """Return a page.

        Args:
            template: Its template.
            name: Its name in an address, for links to itself in the other language.
            status: Status of the answer.
            values: What the template shows.
        """
        return HTMLResponse(self._text(template, name, **values), status)

    def _text(self, template: str, name: str, **values: object) -> str:
        root = "../" * (1 + name.count("/"))
        frame = frame_of(self.served.found, self.language, name, root)
        return render(
            template, self.language, folders=(TEMPLATES,), frame=frame, t=self.words,
            edition=self.served.edition.number, day=self.day, **values,
        )  # fmt: skip

    def form_page(
        self, template: str, name: str, *, note: str = "", fault: str = "", purpose: str = ""
    ) -> Response:
        """Return a page with a form, and its cookie where the browser has no good one.

        It is the same for everybody but for the token, so it is made once.

        Args:
            template: Its template.
            name: Its name in an address.
            note: A sentence of ours above it.
            fault: What is wrong with what was typed, a sentence of ours.
            purpose: What the form does; its name where left out.
        """
        value, age = self.form_session()
        fresh = age is None or age > FORM_SECONDS // 2
        if fresh:
            value = self.site.visits.new_form()
        text = self._kept(template, name, token=_PLACE, note=note, fault=fault)
        token = self.site.visits.form_token(value.encode(), purpose or name)
        answer = HTMLResponse(text.replace(_PLACE, token))
        if fresh:
            self._set(answer, self.form_cookie, value, FORM_SECONDS)
        return answer

    def kept_page(self, template: str, name: str) -> Response:
        """Return a page that is the same for everybody; it is made once."""
        return HTMLResponse(self._kept(template, name))

    def _kept(self, template: str, name: str, **values: str) -> str:
        key = (self.language, template, *values.values())
        text = self.served.kept.get(key)
        if text is None:
            text = self.served.kept[key] = self._text(template, name, **values)
        return text

    def lead_to(self, name: str) -> Response:
        """Lead on to a page of ours after a form was sent (Post/Redirect/Get)."""
        return RedirectResponse(f"/{self.language}/{name}", 303)

    async def form(self) -> Mapping[str, str]:
        """Return the form that was sent, from a page of ours.

        Raises:
            Refused: It is no form, or another site sent it.
        """
        check_origin(self.request)
        return await read_form(self.request)

    # ------------------------------------------------------------------ cookies

    @property
    def _secure(self) -> bool:
        return self.site.settings.is_secure

    @property
    def form_cookie(self) -> str:
        """Return the name of the form cookie; the prefix lets browsers take it only by https from this host."""
        return "__Host-form" if self._secure else "form"

    @property
    def visit_cookie(self) -> str:
        """Return the name of the cookie of a visit."""
        return "__Host-visit" if self._secure else "visit"

    def form_session(self) -> tuple[str, int | None]:
        """Return the form cookie's value and its age in seconds; ``None`` when it is not good."""
        value = self.request.cookies.get(self.form_cookie, "")
        return value, self.site.visits.form_age(value)

    def visit(self) -> Visit | None:
        """Return the visit of the cookie; ``None`` when there is none or it is over."""
        value = self.request.cookies.get(self.visit_cookie)
        return self.site.visits.open(value) if value else None

    def keep_visit(self, answer: Response, visit: Visit) -> Response:
        """Set the cookie of a visit, ending a quarter of an hour from now."""
        value = self.site.visits.seal(self.site.visits.again(visit))
        self._set(answer, self.visit_cookie, value, VISIT_SECONDS)
        return answer

    def end_visit(self, answer: Response) -> Response:
        """Take the cookie of a visit away."""
        self._set(answer, self.visit_cookie, "", 0)
        return answer

    def is_own_form(self, form: Mapping[str, str], purpose: str) -> bool:
        """Say whether a form carries the token of its cookie."""
        value, age = self.form_session()
        given = form.get("token", "")
        return self.site.visits.is_token(given, value.encode(), purpose) and age is not None

    def _set(self, answer: Response, name: str, value: str, seconds: int) -> None:
        answer.set_cookie(
            name, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="strict"
        )  # fmt: skip


def minutes(seconds: float) -> int:
    """Return whole minutes, one at least."""
    return max(1, math.ceil(seconds / 60))
