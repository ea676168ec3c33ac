"""A MariaDB server of the tests' own: found, or installed from Debian, started in a temporary folder."""

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
from dataclasses import dataclass
from pathlib import Path

import pymysql

from tests.packages import alone

WANTED = (
    "these tests need a MariaDB server: install the package mariadb-server (Debian: apt-get install mariadb-server), "
    "or put mariadbd and mariadb-install-db on the PATH"
)


@dataclass
class Server:
    """A running server: where it listens, and its process.

    Attributes:
        port: TCP port on 127.0.0.1.
        user: An account with every right.
        password: Its password.
        home: Its folder, the binary log included.
        process: For tests that end it.
    """

    port: int
    user: str
    password: str
    home: Path
    process: subprocess.Popen[bytes]
    command: list[str]
    as_user: dict[str, object]

    def connect(self, database: str | None = None, **more: object) -> pymysql.Connection:
        """Return a connection that commits each statement."""
        wanted: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": database,
            "autocommit": True,
            "charset": "utf8mb4",
        }
        return pymysql.connect(**{**wanted, **more})  # type: ignore[call-overload,no-any-return]

    def address(self, database: str) -> str:
        """Return the address of a database, without the password."""
        return f"mariadb://{self.user}@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """End the server as a power cut does."""
        self.process.kill()
        self.process.wait(30)

    def start(self) -> None:
        """Start it (again) and wait until it answers."""
        with (self.home / "log").open("a") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.home,
                stdout=log,
                stderr=log,
                **self.as_user,  # type: ignore[call-overload]
            )


def _tool(*names: str) -> str | None:
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if found:
            return found
    return None


def binaries() -> tuple[str, str]:
    """Return the paths of the server and of what makes its folder; as root on Debian, install them when missing."""
    if _found() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with alone():
            if _found() is None:
                _install()
    found = _found()
    assert found is not None, WANTED
    return found


def _found() -> tuple[str, str] | None:
    server = _tool("mariadbd", "mysqld")
    make = _tool("mariadb-install-db", "mysql_install_db")
    return (server, make) if server and make else None


def _install() -> None:
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ("-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120")
    for command in (["update", "-q"], ["install", *options, "mariadb-server"]):
        made = subprocess.run(
            ["apt-get", *command], env=quiet, check=False, capture_output=True, text=True
        )
        if command[0] == "install":
            assert made.returncode == 0, f"{WANTED}\n{made.stderr[-2000:]}"


@contextmanager
def server(*options: str) -> Iterator[Server]:
    """Run a server with an account ``tester`` that may do everything; as root it runs as the account ``mysql``."""
    program, make = binaries()
    as_user: dict[str, object] = {}
    home = Path(tempfile.mkdtemp(prefix="amends-my-"))
    if os.geteuid() == 0:
        account = pwd.getpwnam("mysql")
        os.chown(home, account.pw_uid, account.pw_gid)
        as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder = home / "files"
    made = subprocess.run(
        [
            make,
            "--no-defaults",
            f"--datadir={folder}",
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ],
        cwd=home,
        check=False,
        capture_output=True,
        text=True,
        **as_user,  # type: ignore[call-overload]
    )
    assert made.returncode == 0, made.stdout + made.stderr
    first = home / "first.sql"
    first.write_text(
        "CREATE USER IF NOT EXISTS tester@'%' IDENTIFIED BY 'open sesame';\n"
        "GRANT ALL PRIVILEGES ON *.* TO tester@'%' WITH GRANT OPTION;\n"
    )
    first.chmod(0o644)
    command = [
        program,
        "--no-defaults",
        f"--datadir={folder}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={home / 'socket'}",
        f"--pid-file={home / 'pid'}",
        f"--init-file={first}",
        "--innodb-buffer-pool-size=64M",
        "--innodb-flush-log-at-trx-commit=2",
        "--skip-name-resolve",
        "--debug-no-sync",
        "--max-connections=60",
        "--log-bin=changes",
        "--binlog-format=ROW",
        "--server-id=1",
        *options,
    ]
    running = Server(port, "tester", "open sesame", home, None, command, as_user)  # type: ignore[arg-type]
    running.start()
    try:
        wait(running)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
            running.process.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def wait(running: Server) -> None:
    """Wait until a server that was started answers."""
    log = running.home / "log"
    for _ in range(600):
        assert running.process.poll() is None, log.read_text()
        try:
            running.connect().close()
            return
        except pymysql.err.OperationalError:
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer:\n{log.read_text()}")
