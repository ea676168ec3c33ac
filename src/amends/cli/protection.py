"""Account protection: requests for everybody, the worker, its evidence, and a stand-in for the company's system."""

from __future__ import annotations

from pathlib import Path

import click

from amends.cli.output import Face, as_json, pass_face, published_argument, state_option
from amends.cli.progress import progress_for
from amends.kernel.errors import UsageError
from amends.kernel.progress import step


@click.group()
def protection() -> None:
    """Account protection: lock, port-out block, PIN reset at the company's own system."""


_ACTIONS = ("lock", "port_out_block", "pin_reset")


def _actions(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    told = tuple(dict.fromkeys(a.strip() for a in value.split(",") if a.strip()))
    if not told or any(a not in _ACTIONS for a in told):
        raise click.BadParameter("write some of " + ",".join(_ACTIONS))
    return told


@protection.command("request-all")
@published_argument
@click.option(
    "--accounts",
    "accounts_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV or Parquet with the column account_ref, or account (then with --company-key).",
)
@click.option(
    "--case",
    type=click.Path(path_type=Path, file_okay=False),
    help="Take the accounts that the case found, in place of a file.",
)
@click.option(
    "--action", "actions", required=True, callback=_actions, help="Such as lock,pin_reset."
)
@click.option(
    "--company-key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The company's key file, CASE/keys/banner.json: it turns account numbers into references.",
)
@click.option("--others-too", is_flag=True, help="Also accounts that lead to nobody affected.")
@state_option
@as_json
@pass_face
def request_all(
    face: Face,
    published: Path,
    accounts_file: Path | None,
    case: Path | None,
    actions: tuple[str, ...],
    company_key: Path | None,
    others_too: bool,
    state_url: str,
    as_json: bool,
) -> None:
    """Request protection for the accounts of everybody affected, without anybody having to ask.

    Ended at any moment and given again, it goes on; nobody is requested twice.

    \b
    Example:
      amends protection request-all published --accounts accounts.csv --action lock,pin_reset
      amends protection request-all published --case acme --action lock
    """
    from amends.portal.protection.accounts import AccountFile, read_account_key  # noqa: PLC0415
    from amends.portal.protection.requests import Protection  # noqa: PLC0415
    from amends.portal.published import Published  # noqa: PLC0415
    from amends.portal.state import open_state  # noqa: PLC0415

    if (accounts_file is None) == (case is None):
        raise UsageError(
            "The accounts come from a file or from the case", remedy="give --accounts or --case"
        )
    opened = Published.open(published)
    ledger = Protection(open_state(state_url or published))
    if case is not None:
        from amends.report.publishing import account_batches, prepare  # noqa: PLC0415

        own_key = read_account_key(company_key or case / "keys" / "banner.json")
        with face.open(case) as held:
            given = account_batches(held, prepare(held))
            file = AccountFile(case, opened.edition, opened.keys, own_key, others_too, given)
            made = ledger.request_all(file.batches(), actions)
    else:
        key = read_account_key(company_key) if company_key else None
        file = AccountFile(accounts_file or Path(), opened.edition, opened.keys, key, others_too)
        made = ledger.request_all(file.batches(), actions)
    answer = {**made.as_json(), **file.counts.as_json()}
    face.json(answer) if as_json else face.facts(answer)


@protection.command()
@click.argument(
    "place", metavar="CASE_OR_PUBLISHED", type=click.Path(path_type=Path, file_okay=False)
)
@click.option("--url", default="", help="Address of the company's system, where no case says it.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Key that signs requests, likewise.",
)
@click.option("--cafile", default="", help="Certificates to trust beside the system's.")
@click.option(
    "--batch",
    type=click.IntRange(1, 5000),
    default=500,
    show_default=True,
    help="Requests in one call.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=15.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0),
    default=0.0,
    help="Seconds to wait in all for what is due later.",
)
@click.option("--failed-too", is_flag=True, help="Ask again for what failed before.")
@click.option(
    "--dry-run", is_flag=True, help="Show what would be handed over, and hand over nothing."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@state_option
@as_json
@pass_face
def work(
    face: Face,
    place: Path,
    url: str,
    key_file: Path | None,
    cafile: str,
    batch: int,
    timeout: float,
    wait: float,
    failed_too: bool,
    dry_run: bool,
    yes: bool,
    state_url: str,
    as_json: bool,
) -> None:
    """Hand open requests over to the company's system and take in what became of them.

    Killed at any moment and given again, it goes on: nothing is done twice, nothing is missed. Ends with code 10 while
    requests are open.

    \b
    Example:
      amends protection work published --url http://localhost:8099/v1/protection --key-file key.json --dry-run
    """
    from amends.portal.protection.http import HttpConnector, SigningSecret  # noqa: PLC0415
    from amends.portal.protection.requests import reopen_failed, status_counts  # noqa: PLC0415
    from amends.portal.protection.worker import Worker  # noqa: PLC0415
    from amends.portal.state import open_state  # noqa: PLC0415

    published, url, key_file = _company(place, url, key_file)
    state = open_state(state_url or published)
    counts = status_counts(state)
    n_open = sum(c["asked"] + c["handed_over"] for c in counts.values())
    if dry_run:
        face.json(counts) if as_json else face.facts({"open": n_open, **counts})
        return
    connector = HttpConnector(
        url, SigningSecret.read(key_file), timeout_seconds=timeout, cafile=cafile
    )
    if not yes and not face.confirm(f"Hand {n_open:,} requests over to the company's system?"):
        raise SystemExit(2)
    if failed_too:
        reopen_failed(state)
    with step(progress_for(face.aside, face.quiet), "requests", n_open, "requests") as task:
        made = Worker(state, connector, batch=batch, said=task.advance).run(wait)
    connector.close()
    face.json(made.as_json()) if as_json else face.facts(made.as_json())
    if made.waiting:
        raise SystemExit(10)


def _company(place: Path, url: str, key_file: Path | None) -> tuple[Path, str, Path]:
    """Return the published folder, the address of the company's system and the key file.

    Raises:
        UsageError: Neither the case nor the options say them.
    """
    from amends.kernel.config import read_config  # noqa: PLC0415 - help and version stay quick

    published = place
    if (place / "case.toml").exists():
        config = read_config(place / "case.toml")
        published = place / config.text("console", "published")
        if not config.text("console", "published"):
            raise UsageError(
                "The case does not say where it is published", remedy="set [console] published"
            )
        url = url or config.text("protection", "url")
        told = config.text("protection", "key_file")
        key_file = key_file or (place / told if told else place / "keys" / "banner.json")
    if not url or key_file is None:
        raise UsageError(
            "It is not said where the company's system is, or which key signs requests",
            remedy="give --url and --key-file, or set [protection] url and key_file in case.toml",
        )
    return published, url, key_file


@protection.command("status")
@published_argument
@click.option(
    "--recount",
    is_flag=True,
    help="Set the console's quick counts right by counting every request.",
)
@state_option
@as_json
@pass_face
def protection_status(
    face: Face, published: Path, recount: bool, state_url: str, as_json: bool
) -> None:
    """Show requests by action, source and state; each row sums to its total.

    \b
    Example:
      amends protection status published
    """
    from amends.portal.protection.evidence import report  # noqa: PLC0415 - help and version stay quick
    from amends.portal.protection.tally import recount as count_again  # noqa: PLC0415
    from amends.portal.state import open_state  # noqa: PLC0415

    state = open_state(state_url or published)
    if recount:
        count_again(state)
    rows = report(state)
    if as_json:
        face.json(rows)
        return
    names = ("action", "source", "asked", "handed_over", "done", "refused", "failed", "total", "with_evidence",
             "no_account")  # fmt: skip
    columns = [n if n in ("action", "source") else f"#{n}" for n in names]
    face.table("account protection", columns, [[row[n] for n in names] for row in rows])


@protection.command()
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
def evidence(face: Face, published: Path, to: Path, state_url: str, as_json: bool) -> None:
    """Write what was asked for which account, what the company's system said, and when: one line a request.

    \b
    Example:
      amends protection evidence published --to evidence.csv
    """
    from amends.portal.protection.evidence import write_evidence  # noqa: PLC0415 - help and version stay quick
    from amends.portal.state import open_state  # noqa: PLC0415

    n = write_evidence(open_state(state_url or published), to)
    face.json({"rows": n, "file": str(to)}) if as_json else face.say(f"[green]✓[/] {n:,} requests")


def _faults(context: click.Context, parameter: click.Parameter, value: str) -> dict[str, float]:
    names = (
        "error", "error_after", "lost", "half", "busy", "slow", "slow_seconds", "refused", "pending"
    )  # fmt: skip
    told: dict[str, float] = {}
    for part in filter(None, value.split(",")):
        name, _, number = part.partition("=")
        try:
            told[name.strip()] = float(number)
        except ValueError:
            raise click.BadParameter("write name=share, such as lost=0.05") from None
        if name.strip() not in names:
            raise click.BadParameter("known faults: " + ", ".join(names))
    return told


@protection.command()
@click.option(
    "--key-file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Key that checks who calls.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8099,
    show_default=True,
    help="Port on this machine; 0 = any.",
)
@click.option(
    "--faults",
    default="",
    callback=_faults,
    help="What goes wrong how often, such as error=0.05,lost=0.05.",
)
@click.option(
    "--forgetful", is_flag=True, help="Do everything each time it is asked, whatever the key."
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of the actions carried out, one a line.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=0.0,
    help="Stop after so long; 0 = when interrupted.",
)
@pass_face
def simulate(
    face: Face,
    key_file: Path,
    port: int,
    faults: dict[str, float],
    forgetful: bool,
    journal: Path | None,
    seconds: float,
) -> None:
    """Run a stand-in for the company's own system on this machine, to try account protection out.

    \b
    Example:
      amends protection simulate --key-file acme/keys/banner.json --port 0 --seconds 0.1
    """
    from amends.portal.protection.http import SigningSecret  # noqa: PLC0415 - help and version stay quick
    from amends.portal.protection.simulator import Faults, Simulator  # noqa: PLC0415

    simulator = Simulator(
        SigningSecret.read(key_file),
        Faults(**faults),
        forgetful=forgetful,
        journal=journal,
        port=port,
    )
    face.say(f"Listening: {simulator.url}")
    simulator.serve(seconds)
    face.facts({"calls": simulator.n_calls, "unsigned": simulator.n_unsigned,
                "carried_out": sum(simulator.carried_out.values())})  # fmt: skip
