"""The service: listens on a local socket and by HTTP, and answers what the brake lets through."""

from __future__ import annotations

import asyncio
import contextlib
import grp
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
import uvloop

from amends.kernel import clock, ids
from amends.kernel.errors import AmendsError, UsageError
from amends.vault.brake.alarms import Bell, is_loopback
from amends.vault.brake.answering import Answering, Malformed
from amends.vault.brake.brake import Brake
from amends.vault.brake.committing import Committer
from amends.vault.brake.decide import AGAIN
from amends.vault.brake.masks import HIDDEN
from amends.vault.brake.protocol import Connection, Limits, Request, Response, error_body
from amends.vault.brake.times import Times
from amends.vault.keyring import Keyring

log = logging.getLogger(__name__)

_STOP_SECONDS = 5.0
_WAITING = 256
_SWITCH_SECONDS = 0.0002
_PATH_BYTES = 107  # sun_path of unix(7), without its final zero


@dataclass(frozen=True)
class Serving:
    """How the service stands.

    Attributes:
        path: The local socket; ``None`` for none.
        group: Group that may use the local socket besides its owner; "" for nobody.
        host: Address of HTTP; "" for none.
        port: Its port; 0 for any that is free.
        certificate: TLS certificate (PEM); needed beyond this machine.
        private_key: Its key (PEM).
        client_ca: Certificates that callers must show one of (mTLS); "" for none.
        witnesses: Files that keep the head of the audit beside the vault.
        alarm_command: Called with each alarm.
        alarm_url: Called with each alarm.
        freeze: Whether a canary stops its actor.
        durable: Whether the audit is forced to disk; only a measurement turns this off.
        limits: Bounds of connections.
    """

    path: Path | None = None
    group: str = ""
    host: str = ""
    port: int = 0
    certificate: Path | None = None
    private_key: Path | None = None
    client_ca: Path | None = None
    witnesses: tuple[Path, ...] = ()
    alarm_command: str = ""
    alarm_url: str = ""
    freeze: bool = True
    durable: bool = True
    limits: Limits = field(default_factory=Limits)


class Service:
    """Answers requests on one vault.

    Args:
        brake: Decides.
        answering: Turns requests into calls and verdicts into answers.
    """

    def __init__(self, brake: Brake, answering: Answering) -> None:
        self._brake = brake
        self._answering = answering
        self._committer = Committer(brake.decide, asyncio.get_running_loop())

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request; never raises."""
        try:
            return await self._routed(request)
        except Malformed as wrong:
            return Response(wrong.status, error_body(wrong.code, wrong.what))
        except AmendsError as error:
            return Response(503, error_body("keys", error.what, error.remedy), 5)
        except Exception as error:
            # A stranger's request must not stop the service, and nothing of it may reach the log.
            log.error("a request failed: %s", type(error).__name__)
            return Response(500, error_body("failed", "The request failed; nothing was given out"))

    def stop(self) -> None:
        """Decide on what is waiting, then end."""
        self._committer.stop()

    async def _routed(self, request: Request) -> Response:
        if request.path == "/v1/health" and request.method == "GET":
            return Response(200, {"ok": not self._brake.fault})
        if request.path != "/v1/reveal":
            return Response(404, error_body("no_such_path", "There is only POST /v1/reveal"))
        if request.method != "POST":
            return Response(405, error_body("no_such_method", "There is only POST /v1/reveal"))
        kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if kind != b"application/json":
            return Response(415, error_body("malformed", "The body must be application/json"))
        try:
            asked = orjson.loads(request.body)
        except ValueError:
            return Response(400, error_body("malformed", "The body is not JSON"))
        return await self._reveal(asked, request)

    async def _reveal(self, asked: object, request: Request) -> Response:
        caller = replace(request.caller, key=_key(request))
        question = self._answering.question(asked, caller)
        verdict = await self._committer.decided(question.call)
        if verdict.code == AGAIN:
            question = self._answering.question(asked, caller)
            verdict = await self._committer.decided(question.call)
        answers = self._answering.answers(question, verdict)
        if verdict.status == 200:
            hour, day = verdict.left
            return Response(
                200,
                {
                    "answers": answers,
                    "masked": not verdict.clear,
                    "left": {"hour": hour, "day": day},
                },
            )
        body = error_body(verdict.code, verdict.what, verdict.remedy)
        if verdict.status in (429, 503):
            body = {**body, "answers": [HIDDEN] * question.n, "masked": True}
        return Response(verdict.status, body, verdict.retry_seconds)


def _key(request: Request) -> str:
    told = request.headers.get(b"authorization", b"").decode("latin-1")
    kind, _, key = told.partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def serve(
    keyring: Keyring, serving: Serving, say: Callable[[list[str]], None], times: Times | None = None
) -> None:
    """Serve until a signal ends it; what is under way is finished.

    Args:
        keyring: The vault's keys.
        serving: How to stand.
        say: Called with the addresses once it is open.
        times: The brake's clock; the machine's when left out.

    Raises:
        UsageError: An address cannot be used.
    """
    _check(serving)
    # The thread that waits for the disk must not wait for the interpreter as well: 5 ms is Python's default.
    sys.setswitchinterval(_SWITCH_SECONDS)
    bell = Bell(serving.alarm_command, serving.alarm_url)
    brake = Brake(
        keyring,
        times=times,
        witnesses=serving.witnesses,
        ring=bell.ring,
        freeze=serving.freeze,
        durable=serving.durable,
    )
    try:
        uvloop.run(_run(brake, keyring, serving, say))
    finally:
        with contextlib.suppress(AmendsError):
            brake.close()
        bell.stop()


async def _run(
    brake: Brake, keyring: Keyring, serving: Serving, say: Callable[[list[str]], None]
) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with running(brake, keyring, serving) as places:
        say(places)
        await stopped.wait()


@contextlib.asynccontextmanager
async def running(brake: Brake, keyring: Keyring, serving: Serving) -> AsyncIterator[list[str]]:
    """Serve inside the block; yields the addresses."""
    loop = asyncio.get_running_loop()
    service = Service(brake, Answering(brake, keyring))
    with contextlib.suppress(
        AmendsError
    ):  # a fault, or a full disk: it serves, and gives nothing out
        brake.record(lambda state: [("served", {"pid": os.getpid(), "at": clock.stamp()})])
    open_now: set[Connection] = set()

    def connection() -> Connection:
        return Connection(service.answer, open_now, serving.limits)

    servers, places = [], []
    if serving.path is not None:
        server = await loop.create_unix_server(connection, sock=_local(serving), backlog=_WAITING)
        servers.append(server)
        places.append(str(serving.path))
    if serving.host:
        bound = _bound(serving)
        server = await loop.create_server(
            connection, sock=bound, backlog=_WAITING, ssl=_tls(serving)
        )
        servers.append(server)
        kind = "https" if serving.certificate else "http"
        host = f"[{serving.host}]" if ":" in serving.host else serving.host
        places.append(f"{kind}://{host}:{bound.getsockname()[1]}/")
    try:
        yield places
    finally:
        for server in servers:
            server.close()
        for one in list(open_now):
            one.let_go()
        for _ in range(int(_STOP_SECONDS * 50)):
            if not any(one.is_busy for one in open_now):
                break
            await asyncio.sleep(0.02)
        service.stop()
        if serving.path is not None:
            serving.path.unlink(missing_ok=True)


def _check(serving: Serving) -> None:
    if serving.path is None and not serving.host:
        raise UsageError(
            "The service needs an address", remedy="give --socket PATH or --http HOST:PORT"
        )
    if (serving.certificate is None) != (serving.private_key is None):
        raise UsageError(
            "A certificate and its key belong together", remedy="give --tls-cert and --tls-key"
        )
    if serving.client_ca is not None and serving.certificate is None:
        raise UsageError("Certificates of callers need TLS", remedy="give --tls-cert and --tls-key")
    if serving.host and not is_loopback(serving.host) and serving.certificate is None:
        raise UsageError(
            "Beyond this machine values would cross the network in clear",
            where=serving.host,
            remedy="give --tls-cert and --tls-key, or listen on 127.0.0.1",
        )


def _local(serving: Serving) -> socket.socket:
    """Return the local socket, open to its owner, and to one group if there is one."""
    path = serving.path
    assert path is not None
    half = path.with_name(f".{path.name}.{ids.new(3)}")
    if len(os.fsencode(half)) > _PATH_BYTES:
        raise UsageError(
            "The path of the socket is too long",
            where=str(path),
            remedy="choose one up to 99 bytes",
        )
    _clear_way(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        before = os.umask(0o177)
        try:
            made.bind(str(half))
        finally:
            os.umask(before)
        if serving.group:
            os.chown(half, -1, grp.getgrnam(serving.group).gr_gid)
            half.chmod(0o660)
        made.listen(_WAITING)
        half.rename(path)  # whoever finds it can connect
    except (OSError, KeyError) as error:
        made.close()
        half.unlink(missing_ok=True)
        raise UsageError(
            "The local socket cannot be made",
            where=str(path),
            remedy="choose a place you may write to, and a group you belong to",
        ) from error
    return made


def _clear_way(path: Path) -> None:
    """Take away a socket that a killed service left behind; one that answers is somebody else's."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(2)
        try:
            asking.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
    raise UsageError(
        "Another service answers on this socket",
        where=str(path),
        remedy="stop it, or give another --socket",
    )


def _bound(serving: Serving) -> socket.socket:
    family = socket.AF_INET6 if ":" in serving.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((serving.host, serving.port))
    except (OSError, OverflowError) as error:
        made.close()
        raise UsageError(
            "The address cannot be listened on",
            where=f"{serving.host}:{serving.port}",
            remedy="choose another port, or stop what listens there",
        ) from error
    return made


def _tls(serving: Serving) -> ssl.SSLContext | None:
    if serving.certificate is None or serving.private_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(serving.certificate, serving.private_key)
        if serving.client_ca is not None:
            context.load_verify_locations(serving.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            "The TLS certificate or its key cannot be read",
            where=str(serving.certificate),
            remedy="give PEM files that belong together",
        ) from error
    return context
