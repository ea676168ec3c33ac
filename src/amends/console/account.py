"""One's own account: who am I here, another password, the end of other sessions."""

from __future__ import annotations

import sqlalchemy as sa

from amends.console import accounts, sessions, throttle
from amends.console.accounts import SESSIONS
from amends.console.base import Facts, Refused, Visit, action, page
from amends.console.roles import AREAS, ROLES
from amends.kernel.errors import UsageError


@page("/me", name="me", area="self", template="me.html", rows="areas")
def me(visit: Visit) -> Facts:
    """Show what one may see and do, and how many sessions are open."""
    user = visit.user
    query = sa.select(SESSIONS.c.started_at, SESSIONS.c.seen_at).where(SESSIONS.c.name == user.name)
    with visit.desk.register.connect() as connection:
        open_ones = [dict(r) for r in connection.execute(query).mappings()]
    return {
        "account": user.name,
        "shown": user.shown,
        "role": user.role,
        "means": ROLES[user.role],
        "local": not user.name.startswith("oidc:"),
        "sessions": open_ones,
        "areas": [
            {
                "area": name,
                "means": area.means,
                "see": user.may(name),
                "act": user.may(name, act=True),
            }
            for name, area in AREAS.items()
        ],
    }


@action("/me/password", name="change_password", area="self")
def change_password(visit: Visit) -> str:
    """Change one's own password; every session ends, this one too."""
    register, name = visit.desk.register, visit.user.name
    given = throttle.keys(name, visit.network)
    wait = throttle.turn(register, given)
    if wait or accounts.check(register, name, visit.fields.get("old", "")) is None:
        raise Refused("The password so far is not right", remedy="wait a little, then try again")
    throttle.succeeded(register, given)
    if visit.fields.get("new", "") != visit.fields.get("again", ""):
        raise UsageError("The two new passwords differ", remedy="go back and type both again")
    accounts.set_password(register, name, visit.fields["new"])
    visit.note("user", account=name, change="password")
    return "/sign-in"


@action("/me/sessions", name="end_sessions", area="self")
def end_sessions(visit: Visit) -> str:
    """End every session of one's own account, this one too."""
    ended = sessions.end_all(visit.desk.register, visit.user.name)
    visit.note("user", account=visit.user.name, change="sessions ended", n=ended)
    return "/sign-in"
