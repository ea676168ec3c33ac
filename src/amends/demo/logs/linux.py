"""Linux hosts: auth.log or secure, syslog, auditd, shell histories.

Source:
    OpenSSH sshd, Linux-PAM and sudo as they write to syslog(3) on Debian 12 and RHEL 9; systemd-logind; cron;
    Linux audit: audit.rules(7) and the record types of the audit documentation (SYSCALL, EXECVE, CWD, PROCTITLE).
"""

from __future__ import annotations

import shlex
import zlib
from dataclasses import dataclass, field

from amends.demo.logs.clocks import SECOND
from amends.demo.logs.estate import Machine
from amends.demo.logs.shelf import LogFile

_QUICK = 300_000


@dataclass
class LinuxHost:
    """Writers of one Linux host's logs.

    Attributes:
        machine: The host.
        auth: auth.log or secure.
        syslog: syslog or messages.
        audit: audit.log; ``None`` where auditd does not run.
        exact: Whether rsyslog writes RFC 3339 times instead of the old ones.
        accounting: wtmp and btmp; filled by ``wtmp.Accounting``.
        histories: Shell history a user: ``#epoch`` and command.
    """

    machine: Machine
    auth: LogFile
    syslog: LogFile
    audit: LogFile | None = None
    exact: bool = False
    ids: dict[str, int] = field(default_factory=dict)
    logins: list[tuple[int, int, str, str, int, bool, str]] = field(default_factory=list)
    histories: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    serial: int = 4_000
    session: int = 100

    def head(self, at: int) -> str:
        """Return time and host as the head of a syslog line."""
        clock = self.machine.clock
        return f"{clock.rfc5424(at) if self.exact else clock.bsd(at)} {self.machine.name} "

    def uid(self, user: str) -> int:
        """Return the number of a user."""
        if user == "root":
            return 0
        return self.ids.setdefault(user, 1001 + len(self.ids))

    @staticmethod
    def pid(*words: object) -> int:
        """Return a process number that the words decide."""
        return 1200 + zlib.crc32(repr(words).encode()) % 64_000

    def accepted(
        self, at: int, until: int, user: str, ip: str, port: int, how: str, label: str = ""
    ) -> None:
        """Write a session of ssh from sign-in to sign-out; ``how`` is password or publickey."""
        pid = self.pid("ssh", at, ip)
        self.session += 1
        key = ""
        if how == "publickey":
            key = f": ED25519 SHA256:{_fingerprint(user)}"
        tag = f"{self.machine.name} sshd[{pid}]: "
        uid = self.uid(user)
        self._auth(at, tag + f"Accepted {how} for {user} from {ip} port {port} ssh2{key}", label)
        at += _QUICK
        self._auth(
            at,
            tag + f"pam_unix(sshd:session): session opened for user {user}(uid={uid}) by (uid=0)",
            label,
        )
        logind = f"{self.machine.name} systemd-logind[612]: "
        self._auth(at + _QUICK, logind + f"New session {self.session} of user {user}.", label)
        end = max(until, at + SECOND)
        self._auth(
            end, tag + f"Received disconnect from {ip} port {port}:11: disconnected by user", label
        )
        self._auth(end + 1000, tag + f"Disconnected from user {user} {ip} port {port}", label)
        self._auth(
            end + 2000, tag + f"pam_unix(sshd:session): session closed for user {user}", label
        )
        self._auth(
            end + 3000,
            logind + f"Session {self.session} logged out. Waiting for processes to exit.",
            label,
        )
        self._auth(end + 4000, logind + f"Removed session {self.session}.", label)
        self.logins.append((at, end, user, ip, pid, True, label))

    def failed(
        self, at: int, user: str, ip: str, port: int, *, known: bool, label: str = ""
    ) -> None:
        """Write one failed password of ssh."""
        tag = f"{self.machine.name} sshd[{self.pid('ssh', at, ip, port)}]: "
        who = user if known else f"invalid user {user}"
        if not known:
            self._auth(at, tag + f"Invalid user {user} from {ip} port {port}", label)
            self._auth(at + 500, tag + "pam_unix(sshd:auth): check pass; user unknown", label)
        tail = f"  user={user}" if known else ""
        failure = (
            "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser="
        )
        self._auth(at + 1000, f"{tag}{failure} rhost={ip}{tail}", label)
        self._auth(
            at + 1_900_000, tag + f"Failed password for {who} from {ip} port {port} ssh2", label
        )
        state = "authenticating" if known else "invalid"
        closed = f"Connection closed by {state} user {user} {ip} port {port} [preauth]"
        self._auth(at + 2_100_000, tag + closed, label)
        self.logins.append((at + 1_900_000, 0, user, ip, 0, False, label))

    def _auth(self, at: int, text: str, label: str) -> None:
        clock = self.machine.clock
        stamp = clock.rfc5424(at) if self.exact else clock.bsd(at)
        self.auth.put(at, f"{stamp} {text}", label)

    def sudo(self, at: int, user: str, command: str, label: str = "", pwd: str = "") -> None:
        """Write a command run as root."""
        tag = f"{self.machine.name} sudo: "
        home = pwd or f"/home/{user}"
        self._auth(
            at, f"{tag}{user:>8} : TTY=pts/0 ; PWD={home} ; USER=root ; COMMAND={command}", label
        )
        pam = f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={self.uid(user)})"
        self._auth(at + 1000, f"{tag}{pam}", label)
        self._auth(at + SECOND, f"{tag}pam_unix(sudo:session): session closed for user root", label)

    def cron(self, at: int, user: str, command: str, label: str = "") -> None:
        """Write a job of cron: in the system's log and, for PAM, in the log of sign-ins."""
        pid = self.pid("cron", at, command)
        host = self.machine.name
        self.log(at, f"CRON[{pid}]", f"({user}) CMD ({command})", label)
        tag = f"{host} CRON[{pid}]: pam_unix(cron:session): session"
        self._auth(
            at - 1000, f"{tag} opened for user {user}(uid={self.uid(user)}) by (uid=0)", label
        )
        self._auth(at + SECOND, f"{tag} closed for user {user}", label)

    def log(self, at: int, program: str, text: str, label: str = "") -> None:
        """Write a line of the system's log."""
        self.syslog.put(at, f"{self.head(at)}{program}: {text}", label)

    def run(
        self, at: int, user: str, command: str, label: str = "", *, interactive: bool = True
    ) -> None:
        """Write a command as auditd sees it, and into the shell's history."""
        if interactive:
            self.histories.setdefault(user, []).append((at, command, label))
        if self.audit is None or command.split(" ", 1)[0] in _BUILT_IN:
            return
        words = shlex.split(command.split(" | ", maxsplit=1)[0].split(" > ", maxsplit=1)[0])
        self.serial += 1 + zlib.crc32(command.encode()) % 5
        stamp = f"msg=audit({self.machine.clock.epoch(at)}:{self.serial}):"
        pid, uid = self.pid("run", at, command), self.uid(user)
        program = words[0].rsplit("/", 1)[-1]
        exe = words[0] if words[0].startswith("/") else f"/usr/bin/{program}"
        arguments = " ".join(
            f'a{k}="{word}"' if _plain(word) else f"a{k}={word.encode().hex().upper()}"
            for k, word in enumerate(words)
        )
        tty, session = ("pts0", self.session) if interactive else ("(none)", 4_294_967_295)
        auid = uid if interactive else 4_294_967_295
        ids = " ".join(f"{name}={uid}" for name in _UIDS)
        lines = [
            f"type=SYSCALL {stamp} arch=c000003e syscall=59 success=yes exit=0 a0=55d0c9a1e{pid % 4096:03x} "
            f"a1=55d0c9a20{pid % 4096:03x} a2=55d0c99fc{pid % 4096:03x} a3=8 items=2 ppid={pid - 1} pid={pid} "
            f'auid={auid} {ids} tty={tty} ses={session} comm="{program[:15]}" exe="{exe}" subj=unconfined key="exec"',
            f"type=EXECVE {stamp} argc={len(words)} {arguments}",
            f'type=CWD {stamp} cwd="/home/{user}"',
            f"type=PROCTITLE {stamp} proctitle={chr(0).join(words).encode().hex().upper()[:256]}",
        ]  # fmt: skip
        for line in lines:
            self.audit.put(at, line, label)


# The shell does these itself: nothing is executed, and auditd sees nothing.
_BUILT_IN = frozenset({"cd", "exit", "history", "export", "alias", "source"})
_UIDS = ("uid", "gid", "euid", "suid", "fsuid", "egid", "sgid", "fsgid")


def _plain(word: str) -> bool:
    """Return whether auditd writes a word as it is: no space, quote or control sign."""
    return bool(word) and all(33 <= ord(sign) < 127 and sign != '"' for sign in word)


def _fingerprint(user: str) -> str:
    """Return what looks like the fingerprint of a user's key."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    state = zlib.crc32(user.encode())
    out = []
    for _ in range(43):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        out.append(signs[state >> 16 & 63])
    return "".join(out)
