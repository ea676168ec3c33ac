"""Publishing what was released, checking it, seeing how its site stands, answering what people ask by contact."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import (
    Face,
    as_json,
    case_argument,
    pass_face,
    published_argument,
    state_option,
)
from amends.kernel.errors import UsageError


@click.group()
def portal() -> None:
    """Publish what was released, and see to the site that serves it."""


@portal.command("publish")
@case_argument
@click.option(
    "--to", "published", required=True, metavar="PUBLISHED",
    type=click.Path(path_type=Path, file_okay=False), help="Folder that the site serves; made when it is not there.",
)  # fmt: skip
@as_json
@pass_face
def publish_command(face: Face, case: Path, published: Path, as_json: bool) -> None:
    """Publish what two people released: general pages and the look-up, with no personal data in it.

    The edition is written whole, then taken up at once; a site that runs takes it up within a second. What is not
    released cannot be published.

    \b
    Example:
      amends portal publish acme --to published
    """
    from amends.report.publishing import publish_case  # noqa: PLC0415 - help stays quick

    with face.open(case) as opened, opened.lock():
        for warning in address_warnings(
            opened.config.text("site", "address"), opened.config.text("case", "domain")
        ):
            face.say(f"[yellow]![/] {escape(warning)}")
        made = publish_case(opened, published)
    if as_json:
        face.json(made.as_json())
        return
    face.facts(made.as_json())
    face.say(f"[green]✓[/] Edition {made.edition} is published in {escape(str(published))}")


def address_warnings(site: str, domain: str) -> list[str]:
    """Return what speaks against the address of a site.

    Source:
        A checker of 2017 stood on a domain of its own; 194 look-alikes stood beside it within a day, and the
        company's own staff sent people to a wrong one. A sub-domain cannot be had by anybody else.
    """
    if not site:
        return [
            "The site has no address: write [site] address in case.toml, so that pages and messages can name it"
        ]
    if not domain:
        return ["The company's own domain is not known: write [case] domain in case.toml"]
    host, own = (
        site.partition("/")[0].lower(),
        domain.partition("/")[0].lower().removeprefix("www."),
    )
    if not host.endswith(f".{own}"):
        return [
            f"The site's address {host} is not a sub-domain of {own}: people cannot tell it from a look-alike"
        ]
    return []


@portal.command("verify")
@published_argument
@click.option(
    "--case", "case", type=click.Path(path_type=Path, file_okay=False),
    help="Also check that this case signed it.",
)  # fmt: skip
@as_json
@pass_face
def verify_command(face: Face, published: Path, case: Path | None, as_json: bool) -> None:
    """Compare every published file with what the case signed.

    With --case, a change is found even where somebody replaced the keys in the folder too.

    \b
    Example:
      amends portal verify published --case acme
    """
    from amends.portal import verify  # noqa: PLC0415 - help stays quick

    found = verify(published, case / "keys" if case else None)
    if as_json:
        face.json(found.as_json())
    elif not found.faults:
        face.say(
            f"[green]✓[/] {found.n_files} files of {len(found.editions)} editions are as published; "
            f"{escape(found.current)} is served"
        )
    for fault in () if as_json else found.faults:
        face.answer.print(f"✗ {fault}", markup=False)
    if found.faults:
        sys.exit(4)


@portal.command("status")
@published_argument
@state_option
@as_json
@pass_face
def status_command(face: Face, published: Path, state_url: str, as_json: bool) -> None:
    """Show the edition that is served, its counts, and what the site holds: requests, claims, alarms.

    \b
    Example:
      amends portal status published --json
    """
    from amends.portal.standing import standing  # noqa: PLC0415 - help stays quick

    found = standing(published, state_url)
    if as_json:
        face.json(found)
        return
    for part, values in found.items():
        if isinstance(values, dict):
            face.facts({f"{part}.{name}": value for name, value in values.items()})
        elif isinstance(values, list):
            for row in values:
                face.facts({f"{part}": row})
        else:
            face.facts({part: values})


@portal.command("answer")
@case_argument
@click.option(
    "--from", "published", metavar="PUBLISHED", required=True,
    type=click.Path(path_type=Path, file_okay=False), help="The published folder whose queue is answered.",
)  # fmt: skip
@state_option
@click.option("--call-backs", is_flag=True, help="Send nothing; list who waits for a call.")
@click.option(
    "--reveal",
    is_flag=True,
    help="With --call-backs: names and telephones, which the ledger notes.",
)
@click.option("--called", metavar="REQUEST", help="Say that the person of a request was called.")
@as_json
@pass_face
def answer_command(
    face: Face,
    case: Path,
    published: Path,
    state_url: str,
    call_backs: bool,
    reveal: bool,
    called: str | None,
    as_json: bool,
) -> None:
    """Answer people who typed an e-mail address or telephone number on the site.

    Who is on file with that mailbox gets one message there with their code. Who typed a telephone number, or must not
    get a code by e-mail, waits for a call. Who is not on file gets nothing. Run it every few minutes.

    \b
    Example:
      amends portal answer acme --from published --json
      amends portal answer acme --from published --call-backs
    """
    from amends.report import answered, answering  # noqa: PLC0415 - help stays quick

    with face.open(case) as opened, opened.lock():
        if called:
            answered.close_call_back(opened, called)
        if call_backs or called:
            rows = answered.call_backs(opened, reveal)
            if as_json:
                face.json(rows)
            elif rows:
                face.table("call back", tuple(rows[0]), [tuple(r.values()) for r in rows])
            else:
                face.say("Nobody waits for a call.")
            return
        done = answering.answer_requests(opened, published, state_url)
    face.json(done.as_json()) if as_json else face.facts(done.as_json())


@portal.command("banner-key")
@case_argument
@click.option("--reveal", is_flag=True, help="Print the key itself, which the ledger notes.")
@as_json
@pass_face
def banner_key(face: Face, case: Path, reveal: bool, as_json: bool) -> None:
    """Show where the company's key for the log-in banner lies; it is made when there is none.

    Whoever has it can make account references and ask about every customer: hand it to the team of the company's
    own log-in, and to nobody else.

    \b
    Example:
      amends portal banner-key acme
    """
    from amends.portal import company_keys  # noqa: PLC0415 - help stays quick
    from amends.portal.keys import BANNER_FILE  # noqa: PLC0415

    with face.open(case) as opened, opened.lock():
        if opened.run_id() == "R0000" and not (opened.folder / "keys" / "root.json").exists():
            raise UsageError("This case has no key yet", remedy=f"run it first: amends run {case}")
        keys = company_keys(opened.folder / "keys")
        shown = {"file": str(opened.folder / "keys" / BANNER_FILE), "key_id": keys.key_id}
        if reveal:
            opened.ledger.append("reveal", what="banner_key", key_id=keys.key_id)
            shown |= {
                "request_key": keys.request_key.hex(),
                "account_key": keys.account_key.hex(),
            }
    face.json(shown) if as_json else face.facts(shown)
