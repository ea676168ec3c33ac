"""Offers and account protection: the partner's codes, and the requests to the company's own system."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from amends.cli.output import Face, as_json, pass_face, published_argument, state_option
from amends.kernel.errors import UsageError

if TYPE_CHECKING:
    import sqlalchemy as sa

column_option = click.option(
    "--column", default="", help="Column of the codes: its name, or its number from 1."
)
identity_option = click.option(
    "--identity", type=click.Path(path_type=Path, dir_okay=False), help="Identity file for .age files."
)  # fmt: skip
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def offers() -> None:
    """Keep the partner's enrolment codes: import, follow, recall, compare."""


def open_site(published: Path, state_url: str, product: str = "") -> sa.Engine:
    """Open the state of a site, and take up what its edition says of offers.

    Raises:
        UsageError: Nothing is published there, or no letter offers ``product``.
    """
    from amends.portal.offers.promised import adopt  # noqa: PLC0415 - help and version stay quick
    from amends.portal.published import Published  # noqa: PLC0415
    from amends.portal.state import open_state  # noqa: PLC0415

    opened = Published.open(published)
    state = open_state(state_url or published)
    told = adopt(state, opened.edition)
    if product and product not in told:
        raise UsageError(
            "No letter offers a product of this name, so nobody could claim these codes",
            where=f"edition {opened.edition.number}",
            remedy=f"write one of: {', '.join(told) or 'none is offered'}; or give --ahead",
        )
    return state


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None


@offers.command("import")
@published_argument
@click.argument("codes", metavar="FILE")
@click.option("--product", required=True, help="The product, named as letters print it.")
@click.option(
    "--ahead", is_flag=True, help="Take the codes although no letter offers this product yet."
)
@click.option("--expires-on", type=_DAY, help="Last day on which the partner takes the codes.")
@click.option(
    "--audience",
    "audiences",
    multiple=True,
    type=click.Choice(["adult", "guardian", "next_of_kin", "business"]),
    help="For whom the product is, where the published edition does not say; can be repeated.",
)
@click.option(
    "--top-up-below",
    type=click.IntRange(0),
    help="Alarm when fewer codes are free.  [1000 at first]",
)
@click.option(
    "--top-up-share",
    type=click.FloatRange(0, 1),
    help="Alarm when a smaller share is free, 0 to 1.  [0.1 at first]",
)
@click.option(
    "--wait-days",
    type=click.IntRange(1, 365),
    help="Days within which who waits is promised a code.  [14 at first]",
)
@column_option
@identity_option
@state_option
@as_json
@pass_face
def offers_import(
    face: Face,
    published: Path,
    codes: str,
    product: str,
    ahead: bool,
    expires_on: datetime | None,
    audiences: tuple[str, ...],
    top_up_below: int | None,
    top_up_share: float | None,
    wait_days: int | None,
    column: str,
    identity: Path | None,
    state_url: str,
    as_json: bool,
) -> None:
    """Take the partner's codes into the stock, sealed, and serve those who wait.

    FILE is CSV, text, a workbook, or one of these encrypted for you (.gpg, .asc, .age); - is standard input. The same
    file twice adds nothing. Lines that cannot be taken are listed with their reasons, never with what stood on them.

    \b
    Example:
      amends offers import published codes.csv --product "Larkspur Guard" --expires-on 2027-12-31
    """
    from amends.portal.keys import read_site_keys  # noqa: PLC0415 - help and version stay quick
    from amends.portal.offers.partner import PartnerFile  # noqa: PLC0415
    from amends.portal.offers.sealed import CodeSeal  # noqa: PLC0415
    from amends.portal.offers.stock import ProductTerms, import_codes  # noqa: PLC0415

    keys = read_site_keys(published)
    file = PartnerFile(codes, column=column, identity=identity)
    state = open_site(published, state_url, "" if ahead else product)
    terms = ProductTerms(
        audiences=audiences or None, top_up_below=top_up_below, top_up_share=top_up_share, wait_days=wait_days
    )  # fmt: skip
    made = import_codes(
        state, keys, file.lines(), product=product, expires_on=_day(expires_on), terms=terms,
        file_key=CodeSeal(keys).key_of_file(file.chunks()),
    )  # fmt: skip
    if as_json:
        face.json(made.as_json())
        return
    face.facts({k: v for k, v in made.as_json().items() if k != "refused"})
    if made.refused:
        rows = [(r.line, r.reason) for r in made.refused]
        face.table(f"{made.n_refused:,} lines were not taken", ("line_id", "reason"), rows)


@offers.command("status")
@published_argument
@click.option("--batches", is_flag=True, help="Show the batches instead.")
@click.option(
    "--top-up-below",
    type=click.IntRange(0),
    help="Judge by this number instead of the one given at import.",
)
@state_option
@as_json
@pass_face
def offers_status(
    face: Face,
    published: Path,
    batches: bool,
    top_up_below: int | None,
    state_url: str,
    as_json: bool,
) -> None:
    """Show how the stock of each product stands, with alarms.

    imported = free + too_short + expired + given + revoked; persons = holding + waiting + void.

    \b
    Example:
      amends offers status published
      amends offers status published --batches
    """
    from amends.portal.offers.status import batches as list_batches  # noqa: PLC0415
    from amends.portal.offers.status import status  # noqa: PLC0415

    state = open_site(published, state_url)
    rows: list[dict[str, object]] = (
        list_batches(state)
        if batches
        else [s.as_json() for s in status(state, top_up_below=top_up_below)]
    )
    if as_json:
        face.json(rows)
        return
    for row in rows:
        face.facts({k: v for k, v in row.items() if k != "alarms"})
        for alarm in row.get("alarms", ()):  # type: ignore[attr-defined]  # a tuple of sentences
            face.say(f"[yellow]![/] {alarm}")


@offers.command("reconcile")
@published_argument
@click.argument("report", metavar="FILE")
@click.option(
    "--all-used", is_flag=True, help="Every code of the file was used, where no column says so."
)
@column_option
@identity_option
@state_option
@as_json
@pass_face
def offers_reconcile(
    face: Face,
    published: Path,
    report: str,
    all_used: bool,
    column: str,
    identity: Path | None,
    state_url: str,
    as_json: bool,
) -> None:
    """Compare the partner's report of used codes with what was handed out.

    A code that was used though nobody was given it becomes void and raises an alarm. The same report twice changes
    nothing. With alarms the command ends with code 10.

    \b
    Example:
      amends offers reconcile published used.csv --all-used
    """
    from amends.portal.keys import read_site_keys  # noqa: PLC0415 - help and version stay quick
    from amends.portal.offers.partner import PartnerFile  # noqa: PLC0415
    from amends.portal.offers.reconcile import reconcile  # noqa: PLC0415

    keys = read_site_keys(published)
    file = PartnerFile(report, column=column, identity=identity)
    made = reconcile(open_site(published, state_url), keys, file.lines(), all_used=all_used)
    if as_json:
        face.json(made.as_json())
    else:
        face.facts({k: v for k, v in made.as_json().items() if k.startswith("n_")})
        face.table("used by day", ("day", "#codes"), list(made.by_day.items()))
        for alarm in made.alarms:
            face.say(f"[yellow]![/] {alarm}")
    if made.alarms:
        raise SystemExit(10)


def _recall(
    published: Path,
    state_url: str,
    code_file: str,
    batch: str,
    column: str,
    reason: str,
    used_too: bool,
) -> dict[str, int]:
    from amends.portal.keys import read_site_keys  # noqa: PLC0415 - help and version stay quick
    from amends.portal.offers.partner import PartnerFile  # noqa: PLC0415
    from amends.portal.offers.recall import revoke_batch, revoke_codes  # noqa: PLC0415

    if bool(code_file) == bool(batch):
        raise UsageError("Which codes?", remedy="give either --code-file or --batch")
    keys = read_site_keys(published)
    if batch:
        state = open_site(published, state_url)
        return revoke_batch(state, batch, reason=reason, used_too=used_too).as_json()
    lines = PartnerFile(code_file, column=column).lines()
    state = open_site(published, state_url)
    return revoke_codes(state, keys, lines, reason=reason, used_too=used_too).as_json()


_RECALL = (
    click.option("--code-file", default="", help="File of the codes; - is standard input."),
    click.option("--batch", default="", help="Every code of this batch."),
    column_option,
    click.option("--used-too", is_flag=True, help="Also codes that were used."),
)


@offers.command()
@published_argument
@_RECALL[0]
@_RECALL[1]
@_RECALL[2]
@_RECALL[3]
@click.option("--reason", required=True, help="Why; the person may read it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@state_option
@as_json
@pass_face
def revoke(
    face: Face,
    published: Path,
    code_file: str,
    batch: str,
    column: str,
    used_too: bool,
    reason: str,
    yes: bool,
    state_url: str,
    as_json: bool,
) -> None:
    """Make codes void. Who had one is told why, and is given another by: amends offers replace.

    \b
    Example:
      amends offers revoke published --code-file leaked.csv --reason "The partner withdrew it." --yes
    """
    if not yes and not face.confirm("Make these codes void? This cannot be taken back."):
        raise SystemExit(2)
    made = _recall(published, state_url, code_file, batch, column, reason, used_too)
    face.json(made) if as_json else face.facts(made)


@offers.command()
@published_argument
@_RECALL[0]
@_RECALL[1]
@_RECALL[2]
@_RECALL[3]
@click.option(
    "--reason", default="", help="Why, when codes are made void first; the person may read it."
)
@click.option("--product", default="", help="Only this product.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@state_option
@as_json
@pass_face
def replace(
    face: Face,
    published: Path,
    code_file: str,
    batch: str,
    column: str,
    used_too: bool,
    reason: str,
    product: str,
    yes: bool,
    state_url: str,
    as_json: bool,
) -> None:
    """Give other codes to all whose code is void; with a file or a batch, make those void first.

    Where the stock is too small the rest are first in the queue.

    \b
    Example:
      amends offers replace published
      amends offers replace published --code-file leaked.csv --reason "The partner withdrew it." --yes
    """
    from amends.portal.offers.recall import replace_void  # noqa: PLC0415 - help and version stay quick

    revoked: dict[str, int] = {}
    if code_file or batch:
        if not yes and not face.confirm("Make these codes void? This cannot be taken back."):
            raise SystemExit(2)
        revoked = _recall(published, state_url, code_file, batch, column, reason, used_too)
    made = replace_void(open_site(published, state_url), product)
    answer = {"revoked": revoked, "replaced": made.as_json()}
    if as_json:
        face.json(answer)
    else:
        face.facts({**{f"revoked {k}": v for k, v in revoked.items()}, **made.as_json()})


@offers.command()
@published_argument
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file to write.",
)
@state_option
@as_json
@pass_face
def history(face: Face, published: Path, to: Path, state_url: str, as_json: bool) -> None:
    """Write the ledger of claims: what became of every code and claim, when and why; without any code.

    \b
    Example:
      amends offers history published --to claims.csv
    """
    from amends.portal.offers.history import write_history  # noqa: PLC0415 - help and version stay quick
    from amends.portal.state import open_state  # noqa: PLC0415

    n = write_history(open_state(state_url or published), to)
    face.json({"rows": n, "file": str(to)}) if as_json else face.say(f"[green]✓[/] {n:,} events")
