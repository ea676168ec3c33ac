"""A PostgreSQL server of the tests' own: found, or installed from Debian, started in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.packages import alone

WANTED = (
    "these tests need a PostgreSQL server: install the package postgresql (Debian: apt-get install postgresql), "
    "or put initdb and postgres on the PATH"
)


def binaries() -> Path:
    """Return the folder of initdb and postgres; as root on Debian, install them when they are missing."""
    found = _found()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with alone():
            if _found() is None:
                _install()
        found = _found()
    assert found is not None, WANTED
    return found


def _found() -> Path | None:
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path and shutil.which("postgres") else None


def _install() -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ("-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120")
    for command in (["update", "-q"], ["install", *options, "postgresql"]):
        made = subprocess.run(
            ["apt-get", *command], env=quiet, check=False, capture_output=True, text=True
        )
        if command[0] == "install":
            assert made.returncode == 0, f"{WANTED}\n{made.stderr[-2000:]}"


@contextmanager
def server() -> Iterator[str]:
    """Run a server and yield the address of its database ``postgres``.

    initdb refuses to run as root: as root, everything runs as the account ``postgres``.
    """
    tools = binaries()
    as_user: dict[str, object] = {}
    home = Path(tempfile.mkdtemp(prefix="amends-pg-"))
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(home, account.pw_uid, account.pw_gid)
        as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = home / "data"
    options = ["-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    made = subprocess.run(
        [str(tools / "initdb"), *options],
        cwd=home,
        check=False,
        capture_output=True,
        text=True,
        **as_user,
    )  # type: ignore[call-overload]
    assert made.returncode == 0, made.stderr
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "shared_buffers": "32MB",
        "max_connections": "40",
    }
    command = [str(tools / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, **as_user)  # type: ignore[call-overload]
    url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    try:
        _wait(url, process, home / "log")
        yield url
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: does not wait for clients
        process.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    engine = sa.create_engine(url)
    try:
        for _ in range(300):
            assert process.poll() is None, log.read_text()
            try:
                engine.connect().close()
                return
            except sa.exc.OperationalError:
                time.sleep(0.1)
        raise AssertionError(f"the server does not answer:\n{log.read_text()}")
    finally:
        engine.dispose()
