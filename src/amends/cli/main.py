"""The entry point: the group of commands, and how errors become words and exit codes."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

import click
from rich.markup import escape

import amends
from amends.cli.late import LateGroup
from amends.cli.output import Face
from amends.cli.startup import without_pandas
from amends.kernel.errors import AmendsError

# Where each command lives.
COMMANDS: Mapping[str, str] = {
    "new": "amends.cli.start:new",
    "demo": "amends.cli.start:demo",
    "add": "amends.cli.case_work:add",
    "run": "amends.cli.running:run",
    "status": "amends.cli.standing:status",
    "verify": "amends.cli.case_work:verify",
    "custody": "amends.cli.custody:custody",
    "package": "amends.cli.package:package",
    "event": "amends.cli.case_work:event",
    "show": "amends.cli.look:show",
    "explain": "amends.cli.look:explain",
    "export": "amends.cli.look:export",
    "diff": "amends.cli.look:diff",
    "decide": "amends.cli.decide:decide",
    "notices": "amends.cli.release:notices",
    "portal": "amends.cli.portal:portal",
    "offers": "amends.cli.offers:offers",
    "protection": "amends.cli.protection:protection",
    "console": "amends.cli.console:console",
    "users": "amends.cli.console:users",
    "banner-api": "amends.cli.banner:banner_api",
    "banner-export": "amends.cli.banner:banner_export",
    "banner-demo": "amends.cli.banner:banner_demo",
    "site": "amends.cli.site:site",
    "scan": "amends.cli.alone:scan",
    "resolve": "amends.cli.alone:resolve",
    "duties": "amends.cli.alone:duties_command",
    "detect": "amends.cli.detect:detect",
    "paths": "amends.cli.paths:paths",
    "controls": "amends.cli.controls:controls",
    "vault": "amends.cli.vault:vault",
    "sample": "amends.cli.sample:sample",
    "scam-check": "amends.cli.scam:scam_check",
    "look-alikes": "amends.cli.scam:look_alikes_command",
}


@click.group(
    cls=LateGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 unexpected, 2 usage, 3 evidence, 4 table, 5 delivery, 10 done but decisions wait.",
)
@click.version_option(amends.__version__, prog_name="amends")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but the answer.")
@click.option("--no-input", is_flag=True, help="Never ask; fail instead.")
@click.option("--debug", is_flag=True, help="Log to standard error for whoever looks for a fault.")
@click.pass_context
def cli(context: click.Context, quiet: bool, no_input: bool, debug: bool) -> None:
    """Data-breach response: from a folder of stolen data to a correct notice to each person, once.

    \b
    The main job:
      amends new acme --entity "Acme Inc" --preset telecom
      amends add acme dump.sql.gz applicants.csv hr-share/ --owner Acme
      amends run acme
      amends status acme
    """
    context.obj = Face(quiet=quiet, no_input=no_input)
    if debug:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)


def main() -> None:
    """Run the command line and leave with the documented exit code."""
    without_pandas()
    try:
        cli.main(standalone_mode=False)
    except AmendsError as error:
        _show(error)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        Face().aside.print(
            "\nStopped. Nothing is lost: give the same command again to go on.", style="yellow"
        )
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _show(error: AmendsError) -> None:
    aside = Face().aside
    place = f" [dim]({escape(error.where)})[/]" if error.where else ""
    aside.print(f"[bold red]✗[/] {escape(error.what)}{place}")
    if error.remedy:
        aside.print(f"[green]→[/] {escape(error.remedy)}")
