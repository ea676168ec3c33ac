"""A real server for the banner's tests, the client as a company would copy it, and sites that misbehave."""

from __future__ import annotations

import importlib.util
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import uvicorn

CLIENTS = Path(__file__).parents[2] / "clients"


@cache
def client_module() -> ModuleType:
    """Return ``clients/python/amends_banner.py``."""
    return _module("amends_banner", CLIENTS / "python" / "amends_banner.py")


@cache
def demo_module() -> ModuleType:
    """Return ``clients/demo_account/app.py``."""
    return _module("amends_demo_account", CLIENTS / "demo_account" / "app.py")


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@contextmanager
def serving(app: Any, http: str = "amends.site.api.protocol:BannerProtocol") -> Iterator[int]:
    """Serve an application in a thread and return its port."""
    config = uvicorn.Config(
        app,
        port=0,
        http=http,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.005)
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def misbehaving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve connections with a function of one's own and return the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[tuple[threading.Thread, socket.socket]] = []

        def loop() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                one = threading.Thread(target=_one, args=(answer, connection), daemon=True)
                held.append((one, connection))
                one.start()

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for one, connection in held:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                one.join(5)


def _one(answer: Callable[[socket.socket], None], connection: socket.socket) -> None:
    try:
        answer(connection)
    except OSError:
        return
    finally:
        connection.close()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
