"""The banner: answers for a content network, the API as a server of its own, a demonstration."""

from __future__ import annotations

import importlib.util
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import BinaryIO

import click

import amends
from amends.cli.output import Face, as_json, pass_face, published_argument
from amends.cli.progress import progress_for
from amends.kernel import clock
from amends.kernel.errors import UsageError

key_option = click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The company's key: CASE/keys/banner.json.",
)


@click.command("banner-export")
@published_argument
@click.option(
    "--accounts",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Account numbers: one a line (.txt, .csv, .gz, .zst), or .parquet with a column account.",
)
@key_option
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    required=True,
    help="File of answers, one JSON a line; packed when it ends in .gz or .zst; - is standard output.",
)
@click.option("--hours", type=int, default=24, show_default=True, help="How long answers are good.")
@as_json
@pass_face
def banner_export(
    face: Face,
    published: Path,
    accounts: Path,
    key_file: Path,
    target: Path,
    hours: int,
    as_json: bool,
) -> None:
    """Write the signed banner answer of many accounts, named by account reference.

    \b
    Example:
      amends banner-export published --accounts accounts.txt --key-file acme/keys/banner.json --to banner.jsonl.zst
    """
    from amends.portal.banner import export  # noqa: PLC0415 - help stays quick
    from amends.portal.banner.request import read_company_keys  # noqa: PLC0415
    from amends.portal.published import Published  # noqa: PLC0415
    from amends.site.api.alone import open_claims  # noqa: PLC0415

    key = read_company_keys(key_file)
    opened = Published.open(published)
    claims = open_claims(published)
    progress = progress_for(face.aside, face.quiet)

    def write(stream: BinaryIO) -> dict[str, object]:
        rows = export.read_accounts(accounts)
        made = export.export_banners(
            opened, key.account_key, rows, stream, hours=hours, claims=claims, progress=progress
        )
        states = {str(state): count for state, count in made.states.items()}
        return {
            "edition": made.edition,
            "answers": made.n_answers,
            **states,
            "good_until": clock.stamp(datetime.fromtimestamp(made.until, UTC)),
        }

    if str(target) == "-":
        write(sys.stdout.buffer)
        return
    with export.written_whole(target) as stream:
        answer = write(stream)
    face.json(answer) if as_json else face.facts(answer)


@click.command("banner-api")
@published_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, default=8090, show_default=True, help="Port to listen on.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes."
)
@click.option(
    "--server",
    type=click.Choice(["uvicorn", "granian"]),
    default="uvicorn",
    show_default=True,
    help="What speaks HTTP.",
)
@click.option(
    "--state-file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="File with the address of the state's database; left out: the one in PUBLISHED.",
)
@pass_face
def banner_api(
    face: Face,
    published: Path,
    host: str,
    port: int,
    workers: int,
    server: str,
    state_file: Path | None,
) -> None:
    """Serve the banner's API alone, where only the company's servers reach it.

    \b
    Example:
      amends banner-api published --workers 2 --server granian
    """
    from amends.portal.published import Published  # noqa: PLC0415 - help stays quick
    from amends.site.api import alone  # noqa: PLC0415

    Published.open(published)
    os.environ[alone.PUBLISHED_VARIABLE] = str(published)
    if state_file is not None:
        os.environ[alone.STATE_VARIABLE] = str(state_file)
    face.say(f"The banner's API is at http://{host}:{port}/v1/ ; end it with Ctrl-C")
    run = _granian if server == "granian" else _uvicorn
    run("amends.site.api.alone:application", host, port, workers)


def _uvicorn(target: str, host: str, port: int, workers: int) -> None:
    import uvicorn  # noqa: PLC0415 - only here

    uvicorn.run(
        target,
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http="amends.site.api.protocol:BannerProtocol",
        proxy_headers=False,
        loop="uvloop",
        access_log=False,
        server_header=False,
        log_level="warning",
    )


def _granian(target: str, host: str, port: int, workers: int) -> None:
    try:
        from granian import Granian  # noqa: PLC0415 - an extra
        from granian.constants import Interfaces, Loops  # noqa: PLC0415
        from granian.log import LogLevels  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            "The server granian is not installed",
            remedy="install it with: pip install granian, or leave --server out",
        ) from error
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        loop=Loops.uvloop,
        factory=True,
        websockets=False,
        log_level=LogLevels.warning,
        log_access=False,
    ).serve()


@click.command("banner-demo")
@published_argument
@key_option
@click.option("--port", type=int, default=8099, show_default=True, help="Port on this machine.")
@click.option("--site", default="", help="Address of a running site; left out: one is run inside.")
@pass_face
def banner_demo(face: Face, published: Path, key_file: Path, port: int, site: str) -> None:
    """Show a demonstration of the company's account page with the banner on it, on this machine only.

    \b
    Example:
      amends banner-demo published --key-file acme/keys/banner.json --port 0
    """
    import uvicorn  # noqa: PLC0415 - help stays quick
    from starlette.routing import Mount  # noqa: PLC0415

    from amends.portal.published import Published  # noqa: PLC0415
    from amends.site.api.alone import open_claims  # noqa: PLC0415
    from amends.site.api.app import banner_app  # noqa: PLC0415

    demo = _demo_module()
    opened = Published.open(published)
    incident = opened.found.incident
    link = {n: f"https://{incident.site}/{n}/" for n in ("en", "es")} if incident.site else None
    client = demo.amends_banner.BannerClient(
        site or f"http://127.0.0.1:{port}",
        demo.amends_banner.read_key(str(key_file)),
        link=link,
        entity=incident.entity,
    )
    api = Mount("/v1", banner_app(lambda: opened, open_claims(published)))
    app = demo.demo_account(client, [opened.keys.signing.jwk()], incident.entity, api)
    face.say(f"The demonstration is at http://127.0.0.1:{port}/ ; end it with Ctrl-C")
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _demo_module() -> ModuleType:
    """Return the demonstration, which lies beside the package in a source checkout.

    Raises:
        UsageError: It is not there.
    """
    path = Path(amends.__file__).resolve().parents[2] / "clients" / "demo_account" / "app.py"
    spec = importlib.util.spec_from_file_location("amends_demo_account", path)
    if not path.exists() or spec is None or spec.loader is None:
        raise UsageError(
            "The demonstration is not installed with the package",
            remedy="run it from a checkout of the source, where clients/ lies",
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
