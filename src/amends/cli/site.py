"""Serving the public site."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, pass_face


@click.command()
@click.argument("published", type=click.Path(path_type=Path, file_okay=False), metavar="PUBLISHED")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 = any that is free."
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes; about one a core."
)  # fmt: skip
@click.option(
    "--state", default="", metavar="URL",
    help="Database of claims and requests; without it SQLite in PUBLISHED. Its password belongs in ~/.pgpass.",
)  # fmt: skip
@click.option(
    "--trust-proxy", "hops", type=click.IntRange(0, 8), default=0, show_default=True, metavar="N",
    help="Proxies in front whose X-Forwarded-For is believed; 0 = none.",
)  # fmt: skip
@pass_face
def site(
    face: Face, published: Path, host: str, port: int, workers: int, state: str, hops: int
) -> None:
    """Serve what was published: general pages, the check of a letter's code, personal pages, claims.

    It reads PUBLISHED and no case. A new edition is taken up within a second, without a stop. End it with Ctrl-C or
    SIGTERM; requests under way are finished.

    \b
    Example:
      amends site published --port 8080
      amends site published --host 0.0.0.0 --workers 2 --trust-proxy 1
    """
    from amends.site.server import serve  # noqa: PLC0415 - help stays quick
    from amends.site.settings import SiteSettings  # noqa: PLC0415

    def say(settings: SiteSettings) -> None:
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        face.say(f"[green]✓[/] The site is open at {escape(f'http://{shown}:{settings.port}/')}")
        if settings.is_secure:
            face.say(
                "[yellow]![/] TLS must end in front of this address: cookies are set for https only, and without "
                "it nobody can open a personal page."
            )
        if not settings.is_loopback and not settings.hops:
            face.say(
                "[yellow]![/] If a proxy stands in front, give --trust-proxy 1: otherwise all people seem to come "
                "from one network and share its budget."
            )

    serve(
        SiteSettings(
            published=published, state_url=state, host=host, port=port, workers=workers, hops=hops
        ),
        say,
    )
