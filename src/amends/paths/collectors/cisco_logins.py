"""Who may log in to a Cisco-like device, from where, and which of its secrets can be read.

Passwords of type 0 and 7 can be read by whoever reads the configuration: type 7 is a fixed exclusive-or, published
since 1995. They are turned into a fingerprint at once. Types 5, 8 and 9 are one-way and no credential by themselves.
Sources: Cisco IOS Security Command Reference (``line vty``, ``login``, ``access-class``, ``login block-for``, ``enable
secret``, ``username``, ``ip http``, ``snmp-server community``). Read 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from amends.paths.collectors.base import fingerprint_of
from amends.paths.collectors.seen import SecretSeen, ServiceSeen, Sighting
from amends.paths.devices import Device
from amends.paths.filters import PERMIT, Filter, Rule
from amends.paths.spaces import Spans, address, network, wildcard

_KEY7 = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87"  # fixed by the format, the same in every device
_NO_LOCK = "limit attempts (login block-for), ask for a second factor, or let only administrators' addresses in"


def read_type7(text: str) -> str | None:
    """Return what a type 7 password says; ``None`` when it is none."""
    if len(text) < 4 or len(text) % 2 or not text[:2].isdecimal() or int(text[:2]) >= len(_KEY7):
        return None
    try:
        body = bytes.fromhex(text[2:])
    except ValueError:
        return None
    start = int(text[:2])
    return bytes(b ^ _KEY7[(start + i) % len(_KEY7)] for i, b in enumerate(body)).decode("latin-1")


@dataclass
class Line:
    """A range of terminal lines."""

    place: str
    name: str
    lists: list[str] = field(default_factory=list)
    transport: str = ""
    login: str = ""
    password: bool = False


@dataclass
class Logins:
    """What a configuration says of logins, line by line."""

    path: str
    standard: set[str] = field(default_factory=set)
    lines: list[Line] = field(default_factory=list)
    readable: list[SecretSeen] = field(default_factory=list)
    methods: dict[str, list[str]] = field(default_factory=dict)
    aaa: bool = False
    lockout: bool = False
    ssh: bool = False
    enable: bool = False
    http: dict[int, str] = field(default_factory=dict)
    http_lists: list[str] = field(default_factory=list)
    http_auth: str = "enable"
    snmp: list[tuple[str, bool, str]] = field(default_factory=list)
    own: list[tuple[int, str, Spans, str, str]] = field(default_factory=list)
    told: bool = False

    def _place(self, number: int) -> str:
        return f"{self.path}:{number}"

    def open_line(self, number: int, words: list[str]) -> None:
        """Begin ``line vty 0 4`` and the like."""
        self.lines.append(Line(self._place(number), " ".join(words[1:]).lower()))

    def line(self, number: int, words: list[str]) -> None:
        """Read a line below ``line …``."""
        low = [word.lower() for word in words]
        at = self.lines[-1] if self.lines else Line(self._place(number), "")
        if low[0] == "access-class" and len(words) > 2 and low[2] == "in":
            at.lists.append(words[1])
        elif low[:2] == ["transport", "input"]:
            at.transport = " ".join(low[2:])
        elif low[0] == "login":
            at.login = " ".join(low[1:]) or "password"
        elif low[:2] == ["no", "login"]:
            at.login = "none"
        elif low[0] == "password" and len(words) > 1:
            at.password = True
            self._secret(number, words[1:], f"line {at.name}")

    def command(self, number: int, words: list[str]) -> None:
        """Read a command that stands by itself."""
        low = [word.lower() for word in words]
        two = low[:2]
        if two in (["enable", "secret"], ["enable", "password"]):
            self.enable = self.told = True
            self._secret(
                number, [w for w in words[2:] if not w.lower().startswith("level")], "enable"
            )
        elif low[0] == "username" and len(words) > 2:
            self._username(number, words, low)
        elif low[0] in {"passwd", "password"} and len(words) > 1:
            self._secret(number, words[1:], "telnet")
        elif low[0] == "aaa":
            self._aaa(low)
        elif two == ["login", "block-for"]:
            self.lockout = True
        elif (
            two == ["ip", "ssh"]
            or low[:3] == ["crypto", "key", "generate"]
            or low == ["feature", "ssh"]
        ):
            self.ssh = True
        elif two == ["ip", "http"] and len(low) > 2:
            self._http(number, words, low)
        elif two == ["snmp-server", "community"] and len(words) > 2:
            self._snmp(number, words, low)
        elif low[0] in {"ssh", "telnet", "http"} and len(words) > 3:
            self._asa_own(number, words, low)

    def _username(self, number: int, words: list[str], low: list[str]) -> None:
        self.told = True
        if "nopassword" in low:
            return
        for kind in ("password", "secret"):
            if kind in low[2:]:
                self._secret(number, words[low.index(kind, 2) + 1 :], words[1])

    def _aaa(self, low: list[str]) -> None:
        if low[:2] == ["aaa", "new-model"]:
            self.aaa = True
        elif low[:3] == ["aaa", "authentication", "login"] and len(low) > 4:
            self.methods[low[3]] = low[4:]
        elif "max-fail" in low:
            self.lockout = True

    def _http(self, number: int, words: list[str], low: list[str]) -> None:
        self.told = True
        if low[2] == "server":
            self.http[80] = self._place(number)
        elif low[2] == "secure-server":
            self.http[443] = self._place(number)
        elif low[2] == "access-class":
            self.http_lists.append(words[-1])
        elif low[2] == "authentication":
            self.http_auth = " ".join(low[3:])

    def _snmp(self, number: int, words: list[str], low: list[str]) -> None:
        self.told = True
        writes = "rw" in low[3:]
        lists = [w for w in words[3:] if w.lower() not in {"rw", "ro", "ipv6", "view"}]
        self.snmp.append((self._place(number), writes, lists[-1] if lists else ""))
        self.readable.append(
            SecretSeen(
                fingerprint_of(words[2]),
                self._place(number),
                identity="snmp " + ("rw" if writes else "ro"),
                target="161" if writes else "",
                rule="snmp community",
                current=True,
                looks="config",
            )
        )

    def _asa_own(self, number: int, words: list[str], low: list[str]) -> None:
        """Read ``ssh 10.0.0.0 255.0.0.0 inside``: from where an ASA lets itself be managed."""
        port = {"ssh": 22, "telnet": 23, "http": 443}[low[0]]
        base, mask = address(words[1]), address(words[2])
        spans = network(words[1]) if "/" in words[1] else None
        if base is not None and mask is not None:
            spans = wildcard(base - (0xFFFF << 32), ~(mask - (0xFFFF << 32)) & 0xFFFFFFFF)
        if spans is not None:
            self.own.append((port, self._place(number), spans, words[-1], " ".join(words)))

    def _secret(self, number: int, words: list[str], identity: str) -> None:
        """Keep the fingerprint of a secret that can be read where it stands."""
        self.told = True
        words = [
            w for w in words if w.lower() not in {"level", "encrypted", "pbkdf2", "nt-encrypted"}
        ] or words
        if not words or (len(words) > 1 and words[0] in {"4", "5", "6", "8", "9"}):
            return
        kind = words[0] if len(words) > 1 and words[0] in {"0", "7"} else "0"
        text = words[1] if len(words) > 1 and words[0] in {"0", "7"} else words[0]
        if text.startswith("$") or text == "*" or set(text) == {"*"} or text.startswith("<"):
            return
        clear = read_type7(text) if kind == "7" else text
        if clear:
            self.readable.append(
                SecretSeen(
                    fingerprint_of(clear),
                    self._place(number),
                    identity=identity,
                    target="login",
                    rule=f"password of type {kind}",
                    current=True,
                    looks="config",
                )
            )

    def sightings(self, device: Device, *, asa: bool) -> Iterator[Sighting]:
        """Yield the device's services, and the secrets that can be read; lists before services go to the device."""
        open_ports: list[int] = []
        found = list(self._asa_services(device)) if asa else list(self._vty(device))
        found += self._web(device)
        for service in found:
            open_ports.append(service.port)
            yield service
        yield from self._snmp_service(device)
        for secret in self.readable:
            targets = (
                open_ports
                if secret.target == "login"
                else [secret.target]
                if secret.target
                else [""]
            )
            for target in targets or [""]:
                at = f"{device.name}:{target}" if target else ""
                yield SecretSeen(
                    secret.fingerprint,
                    secret.place,
                    device.name,
                    self.path,
                    secret.identity,
                    at,
                    secret.rule,
                    current=True,
                    looks="config",
                )

    def _vty(self, device: Device) -> Iterator[ServiceSeen]:
        terminals = [line for line in self.lines if line.name.startswith("vty")]
        for port, word in ((22, "ssh"), (23, "telnet")):
            doors = [line for line in terminals if self._takes(line, word)]
            if not doors:
                continue
            device.doors[("tcp", port)] = [line.lists[-1] if line.lists else "" for line in doors]
            auths = {self._auth(line) for line in doors}
            auth = next(a for a in ("none", "password", "aaa", "no password set") if a in auths)
            open_door = next(line for line in doors if self._auth(line) == auth)
            yield ServiceSeen(
                device.name,
                port,
                "tcp",
                open_door.place,
                auth,
                mfa=False if auth == "password" else None,
                lockout=self.lockout if auth == "password" else None,
                product=word,
                act=f"line:{device.name}:vty:{word}",
                listed=False,
            )

    def _takes(self, line: Line, word: str) -> bool:
        """Answer whether a line takes this protocol; unsaid means telnet, and ssh where it is set up."""
        if line.transport:
            return word in line.transport.split() or "all" in line.transport.split()
        return word == "telnet" or self.ssh

    def _auth(self, line: Line) -> str:
        if self.aaa:
            name = line.login.split()[-1] if line.login.startswith("authentication ") else "default"
            methods = self.methods.get(name, ["local"])
            if methods[:1] == ["none"]:
                return "none"
            return "password" if methods[0] in {"local", "local-case", "enable", "line"} else "aaa"
        if line.login == "none":
            return "none"
        if line.login.startswith(("local", "tacacs")):
            return "password"
        return "password" if line.password else "no password set"

    def _web(self, device: Device) -> Iterator[ServiceSeen]:
        for port, place in self.http.items():
            if self.http_lists:
                device.doors[("tcp", port)] = [self.http_lists[-1]]
            aaa = self.http_auth.startswith("aaa")
            auth = "aaa" if aaa else "password"
            yield ServiceSeen(
                device.name,
                port,
                "tcp",
                place,
                auth,
                mfa=None if aaa else False,
                lockout=None if aaa else self.lockout,
                product="http",
                act=f"http:{device.name}:{port}",
                listed=False,
            )

    def _snmp_service(self, device: Device) -> Iterator[ServiceSeen]:
        """Yield SNMP: a community that may write is a login without lock-out; one that reads takes nothing over."""
        if not self.snmp:
            return
        writing = [entry for entry in self.snmp if entry[1]]
        device.doors[("udp", 161)] = [entry[2] for entry in writing or self.snmp]
        yield ServiceSeen(
            device.name,
            161,
            "udp",
            (writing or self.snmp)[0][0],
            "password" if writing else "",
            mfa=False if writing else None,
            lockout=False if writing else None,
            product="snmp",
            act=f"snmp:{device.name}",
            listed=False,
        )

    def _asa_services(self, device: Device) -> Iterator[ServiceSeen]:
        """Yield an ASA's own services: each is open only to the networks and interfaces named."""
        for port in sorted({entry[0] for entry in self.own}):
            name = f"own {port}"
            gate = Filter(name, device.name, self.path)
            for entry in self.own:
                if entry[0] == port:
                    gate.rules.append(
                        Rule(PERMIT, entry[2], place=entry[1], words=entry[4], entering=entry[3])
                    )
            device.filters[name] = gate
            device.doors[("tcp", port)] = [name]
            yield ServiceSeen(
                device.name,
                port,
                "tcp",
                gate.rules[0].place,
                "password",
                product="asa management",
                act=f"own:{device.name}:{port}",
                listed=False,
            )
