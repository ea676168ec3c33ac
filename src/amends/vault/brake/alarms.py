"""Alarms: a line in the log at once, and what the company wants called: a command, or an address of its own."""

from __future__ import annotations

import ipaddress
import logging
import queue
import shlex
import subprocess
import threading
import time
from urllib.parse import urlsplit

import orjson

from amends.kernel import clock
from amends.kernel.errors import UsageError
from amends.vault.brake.calls import Alarm

log = logging.getLogger(__name__)

_QUIET_SECONDS = 60.0
_WAITING = 1000
_HOOK_SECONDS = 10.0
_ALWAYS = frozenset({"canary", "fault"})


class Bell:
    """Rings.

    The same kind about the same actor rings once a minute; a canary and a fault ring always. Hooks run in a thread of
    their own: a slow one delays no answer.

    Args:
        command: Program and arguments; gets the alarm as JSON on its standard input.
        url: Address that gets the alarm as JSON by POST: https, or http on this machine.

    Raises:
        UsageError: The command cannot be read, or the address may not be used.
    """

    def __init__(self, command: str = "", url: str = "") -> None:
        self._command = _words(command)
        self._url = _checked(url)
        self._rung: dict[tuple[str, str], float] = {}
        self._alarms: queue.Queue[Alarm | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None
        if self._command or self._url:
            self._thread = threading.Thread(target=self._work, name="brake-bell", daemon=True)
            self._thread.start()

    def ring(self, alarm: Alarm) -> None:
        """Ring, without waiting."""
        if alarm.kind not in _ALWAYS and not self._is_due(alarm):
            return
        log.warning("ALARM %s %s: %s", alarm.kind, alarm.actor or "-", alarm.what)
        if self._thread is not None:
            try:
                self._alarms.put_nowait(alarm)
            except queue.Full:
                log.error("an alarm could not be handed on: too many are waiting")

    def stop(self) -> None:
        """Hand on what is waiting, then end."""
        if self._thread is not None:
            self._alarms.put(None)
            self._thread.join(timeout=_HOOK_SECONDS * 2)

    def _is_due(self, alarm: Alarm) -> bool:
        now, key = time.monotonic(), (alarm.kind, alarm.actor)
        if now - self._rung.get(key, -_QUIET_SECONDS) < _QUIET_SECONDS:
            return False
        if len(self._rung) > _WAITING:
            self._rung.clear()  # names of callers are theirs to choose: they must not fill memory
        self._rung[key] = now
        return True

    def _work(self) -> None:
        while (alarm := self._alarms.get()) is not None:
            told = orjson.dumps(
                {"at": clock.stamp(), "kind": alarm.kind, "actor": alarm.actor, "what": alarm.what}
            )
            try:
                self._hand_on(told)
            except (OSError, subprocess.SubprocessError, ValueError) as error:
                log.error("an alarm could not be handed on: %s", type(error).__name__)

    def _hand_on(self, told: bytes) -> None:
        if self._command:
            subprocess.run(  # noqa: S603 - the keeper's own command, no shell
                self._command, input=told, timeout=_HOOK_SECONDS, check=True, capture_output=True
            )
        if self._url:
            import httpx  # noqa: PLC0415 - few services have an address to call

            try:
                httpx.post(
                    self._url,
                    content=told,
                    headers={"content-type": "application/json"},
                    timeout=_HOOK_SECONDS,
                    trust_env=False,
                ).raise_for_status()
            except httpx.HTTPError as error:
                raise OSError from error


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise UsageError("The alarm command cannot be read", remedy="close its quotes") from error


def _checked(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return url
    raise UsageError(
        "The alarm address may not be used: it would carry alarms in clear over a network",
        remedy="give https://…, or http:// on this machine",
    )


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
