"""Running the site: one process or several on one port, each an application of its own; a graceful stop."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.process import BaseProcess

import uvicorn

from amends.kernel.errors import UsageError
from amends.site.app import app_of
from amends.site.context import Site, open_site
from amends.site.listening import SteadyServer
from amends.site.protocol import protocol_within
from amends.site.settings import SiteSettings

log = logging.getLogger(__name__)

BACKLOG = 2048
STOP_SECONDS = 10
"""Requests under way when the site is stopped have this long to end."""

_RESTART_SECONDS = 1.0
_MOST_FILES = 65_536


def serve(settings: SiteSettings, say: Callable[[SiteSettings], None]) -> None:
    """Serve until told to stop.

    Args:
        settings: How; port 0 takes a free one.
        say: Called once with the settings as they are, when the port is taken.

    Raises:
        UsageError: The address cannot be used, or nothing is published.
        TableError: What is published is not whole.
    """
    held = _bound(settings, alone=True)
    settings = replace(settings, port=held.getsockname()[1])
    if settings.workers == 1:
        _serve_here(settings, held, lambda: say(settings))
        return
    held.close()
    with _bound(settings, alone=False):  # keeps the port for the workers; it never listens
        open_site(settings).state.dispose()  # a fault shows here, not in every worker
        say(settings)
        _watch_over(settings)


def work(settings: SiteSettings) -> None:
    """Serve as one of several processes."""
    _serve_here(settings, _bound(settings, alone=False), lambda: None)


def config_of(site: Site) -> uvicorn.Config:
    """Return how uvicorn serves a site: our protocol, no access log, no word on what serves."""
    app = app_of(site)
    limits = site.settings.limits
    protocol = protocol_within(limits, lambda: site.live.now.short_pages, app.at_once)
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        loop="asyncio",  # see listening
        lifespan="on",
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=limits.keep_alive_seconds,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _serve_here(settings: SiteSettings, bound: socket.socket, ready: Callable[[], None]) -> None:
    config = config_of(open_site(settings))
    server = SteadyServer(config)
    _raise_file_limit()

    def stop(sign: int, frame: object) -> None:
        # Before uvicorn listens to signals, and after: it ends gracefully at one, then sends it again to us.
        server.should_exit = True

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, stop)
    gc.collect()
    gc.freeze()  # what is there now stays: the collector need not look at it again
    ready()
    server.run(sockets=[bound])


def _bound(settings: SiteSettings, *, alone: bool) -> socket.socket:
    """Return a socket on the address.

    Raises:
        UsageError: Somebody else has it, or it is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if not alone:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((settings.host, settings.port))
    except OSError as error:
        bound.close()
        raise UsageError(
            "The site cannot listen there",
            where=f"{settings.host}:{settings.port}: {error.strerror}",
            remedy="choose another --host or --port, or stop what listens there",
        ) from error
    return bound


def _watch_over(settings: SiteSettings) -> None:
    """Keep the workers running until told to stop; one that dies is started again, not more than once a second."""
    spawn = multiprocessing.get_context("spawn")
    stopping = False

    def stop(sign: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, stop)

    def start() -> BaseProcess:
        made = spawn.Process(target=work, args=(settings,), daemon=True)
        made.start()
        return made

    workers = [start() for _ in range(settings.workers)]
    while not stopping:
        time.sleep(_RESTART_SECONDS)
        for place, worker in enumerate(workers):
            if not worker.is_alive() and not stopping:
                log.error("a worker ended with %s and is started again", worker.exitcode)
                workers[place] = start()
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(STOP_SECONDS + 5)
        if worker.is_alive():
            worker.kill()


def _raise_file_limit() -> None:
    """Let the process hold as many connections open as the system allows it to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
