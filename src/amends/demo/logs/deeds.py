"""Acts the story out: every step into the logs that would see it, with its label, and into the truth."""

from __future__ import annotations

from dataclasses import dataclass

from amends.demo.logs.clocks import HOUR, MINUTE, SECOND
from amends.demo.logs.firewall import Flow
from amends.demo.logs.record import Record
from amends.demo.logs.story import Hop


@dataclass
class Deeds(Record):
    """The intruder at work: how they come in and move on."""

    def scan(self) -> None:
        """Knock on the doors some days before."""
        story, estate = self.story, self.estate
        at = story.nights[0] - self.chance.randrange(26, 90) * HOUR
        label = self.step(
            "scan", "reconnaissance", at, story.outside[0], "internet edge", "", "T1595", "scan"
        )
        ports = self.chance.sample(
            (21, 22, 23, 25, 80, 110, 135, 139, 143, 443, 445, 1433, 3306, 3389, 5432, 5900, 8080),
            12,
        )
        for place, port in enumerate(ports):
            for target in ("edge", "vpn", "web", "test1"):
                when = at + place * 700_000 + self.chance.randrange(200_000)
                ip = estate[target].outside_ip
                if target == "edge":
                    self.scene.router.denied(
                        when, story.outside[0], self.scene.port(), ip, port, label
                    )
                else:
                    self.scene.firewall.denied(
                        when, story.outside[0], self.scene.port(), ip, port, label
                    )

    def _fail(self, at: int, user: str, known: bool, label: str) -> None:
        story, scene = self.story, self.scene
        source, port = story.outside[0], scene.port()
        if story.entry.startswith("router"):
            ip = self.estate["edge"].outside_ip
            dport = {"ssh": 22, "telnet": 23, "http": 80}[story.way_in]
            scene.flows.seen(Flow(at, 2.0, source, port, ip, dport, 1_900, 2_400), label)
            scene.router.failed(at, user, source, port, story.way_in, label)
        elif story.entry == "vpn_no_mfa":
            scene.flows.seen(
                Flow(at, 3.0, source, port, self.estate["vpn"].outside_ip, 443, 3_100, 5_200), label
            )
            scene.vpn.failed(at, user, source, port, label)
        else:
            scene.ssh_failed(at, source, "test1", user, known=known, label=label)

    def _guess(self, until: int) -> None:
        """Try passwords until one fits, or a few slips before a leaked one does."""
        story = self.story
        label = "guess-entry"
        if story.leaked:
            if self.chance.random() < 0.5:
                return
            tries, span = self.chance.randrange(1, 4), 90 * SECOND
        else:
            tries, span = self.chance.randrange(220, 900), self.chance.randrange(2, 9) * HOUR
            target = {"vpn_no_mfa": "vpn", "test_server": "test1"}.get(story.entry, "edge")
            self.step(label, "credential_access", until - span, story.outside[0], self.estate[target].name,
                       story.user, "T1110.001", "guessing")  # fmt: skip
        names = (
            story.user,
            "root",
            "admin",
            "cisco",
            "support",
            "guest",
            "oracle",
            "ubuntu",
            "test",
            "user",
        )
        for number in range(tries):
            at = until - span + span * number // tries + self.chance.randrange(SECOND)
            user = story.user if story.leaked or number % 3 == 0 else self.chance.choice(names)
            self._fail(
                at,
                user,
                user in (story.user, "root"),
                label if not story.leaked else "first-access",
            )

    def enter(self, number: int, depth: int) -> int:
        """Sign in from the internet and walk the known way down to ``depth`` hosts; return the time there."""
        story, estate = self.story, self.estate
        at = story.nights[number]
        first = number == 0
        source = story.outside[0] if first else story.outside[number % len(story.outside)]
        target = {"vpn_no_mfa": "vpn", "test_server": "test1"}.get(story.entry, "edge")
        technique = "T1133" if target == "vpn" else "T1078"
        if first:
            self._guess(at - 20 * SECOND)
        else:
            self.returns += 1
        label = "first-access" if first else f"return-{self.returns}"
        self.step(
            label,
            "initial_access",
            at,
            source,
            estate[target].name,
            story.user,
            technique,
            story.way_in,
        )
        seconds = self.chance.randrange(80, 170) * 60
        if story.entry.startswith("router"):
            self._router(at, seconds, source, label, first=first)
        elif target == "vpn":
            port = self.scene.port()
            sent, back = seconds * 900, seconds * 2_600
            self.scene.flows.seen(
                Flow(
                    at - 2 * SECOND,
                    seconds,
                    source,
                    port,
                    estate["vpn"].outside_ip,
                    443,
                    sent,
                    back,
                ),
                label,
            )
            self.scene.vpn.session(
                at,
                at + seconds * SECOND,
                story.user,
                source,
                port,
                story.pool_ip,
                sent,
                back,
                label,
            )
        else:
            self.scene.ssh(at, seconds, source, "test1", story.user, label=label)
        at += self.chance.randrange(3, 7) * MINUTE
        self.last = at
        done = 1 if story.entry == "test_server" else 0
        for k in range(done, depth):
            at = self._walk(k, at + self.chance.randrange(2, 5) * MINUTE, seconds - 1_500)
        return at

    def _router(self, at: int, seconds: int, source: str, label: str, *, first: bool) -> None:
        story, edge = self.story, self.estate["edge"]
        port = self.scene.port()
        ios = edge.dialect == "ios"
        dport = {"ssh": 22, "telnet": 23, "http": 80}[story.way_in]
        self.scene.flows.seen(
            Flow(
                at - SECOND,
                seconds,
                source,
                port,
                edge.outside_ip,
                dport,
                seconds * 60,
                seconds * 340,
            ),
            label,
        )
        commands: list[tuple[int, str, str]] = []
        if first:
            told = self.step("config-export", "credential_access", at + 140 * SECOND, source, edge.name, story.user,
                              "T1602.002", "config")  # fmt: skip
            export = (
                ("show version", "show users", "show running-config", "show ip route", "show arp")
                if ios
                else (
                    "show version",
                    "show system users",
                    "show configuration | display set | no-more",
                    "show route",
                    "show arp",
                )
            )
            typed = [(at + (40 + 50 * k) * SECOND, text) for k, text in enumerate(export)]
            commands = [
                (when, text, told if number > 1 else "")
                for number, (when, text) in enumerate(typed)
            ]
        self.scene.router.signed_in(at, at + seconds * SECOND, story.user, source, port, story.way_in,
                                    tuple(commands), label)  # fmt: skip

    def _source(self, k: int) -> str:
        """Return the address from which hop ``k`` is made."""
        if k:
            return self.estate[self.story.hops[k - 1].key].ip
        if self.story.entry == "vpn_no_mfa":
            return self.story.pool_ip
        return (
            self.estate["edge"].ip
            if self.story.entry.startswith("router")
            else self.story.outside[0]
        )

    def hop(self, k: int, at: int) -> int:
        """Go one host further for the first time, with how the credential was had."""
        story, hop = self.story, self.story.hops[k]
        if k == 0 and story.entry == "test_server":
            self._look_round(k, at)
            return at
        source = self._source(k)
        if hop.how == "brute":
            label = self.step(f"guess-hop-{k + 1}", "credential_access", at, self.name(source),
                               self.estate[hop.key].name, hop.user, "T1110.003", "guessing")  # fmt: skip
            names = [
                hop.user,
                "root",
                "admin",
                "oracle",
                "postgres",
                *(one.login for one in self.estate.of_job("admin")),
            ]
            for number in range(self.chance.randrange(40, 160)):
                user = names[number % len(names)]
                known = user not in ("oracle", "admin")
                self.scene.ssh_failed(
                    at + number * 2_600_000, source, hop.key, user, known=known, label=label
                )
                last = at + number * 2_600_000
            at = last + 4 * SECOND
        at = self._walk(k, at, self.chance.randrange(40, 80) * 60)
        self._look_round(k, at)
        return at

    def _walk(self, k: int, at: int, seconds: int) -> int:
        """Sign in to host ``k`` from the one before it."""
        hop, source = self.story.hops[k], self._source(k)
        machine = self.estate[hop.key]
        technique = {"rdp": "T1021.001", "smb": "T1021.002"}.get(hop.how, "T1021.004")
        label = self.step(
            f"hop-{k + 1}",
            "lateral_movement",
            at,
            self.name(source),
            machine.name,
            hop.user,
            technique,
            hop.how,
        )
        if hop.key == "admin":
            self._to_windows(hop, source, at, seconds, label)
        else:
            how = "publickey" if hop.how == "key" else "password"
            self.scene.ssh(at, max(seconds, 600), source, hop.key, hop.user, how, label)
            if not k and self.story.entry.startswith("router"):
                ios = self.estate["edge"].dialect == "ios"
                words = f"ssh -l {hop.user} {machine.ip}" if ios else f"ssh {hop.user}@{machine.ip}"
                self.scene.router.typed(at - 9 * SECOND, self.story.user, words, label)
            elif k and self.story.hops[k - 1].key != "admin":
                before = self.story.hops[k - 1]
                words = (
                    f"ssh -i /home/{before.user}/.ssh/id_ed25519 " if how == "publickey" else "ssh "
                )
                self.scene.linux[before.key].run(
                    at - 8 * SECOND, before.user, f"{words}{hop.user}@{machine.ip}", label
                )
            elif k:
                self.scene.windows["admin"].process(
                    at - 5 * SECOND, self.story.hops[k - 1].user, "0x1b7a31", "C:\\Windows\\System32\\OpenSSH\\ssh.exe",
                    f"ssh.exe {hop.user}@{machine.ip}", "C:\\Windows\\System32\\cmd.exe", label,
                )  # fmt: skip
        return at

    def _to_windows(self, hop: Hop, source: str, at: int, seconds: int, label: str) -> None:
        admin = self.scene.windows["admin"]
        ip = self.estate["admin"].ip
        rdp = hop.how == "rdp"
        port = self.scene.connect(
            at - SECOND,
            seconds,
            source,
            ip,
            3389 if rdp else 445,
            seconds * 700,
            seconds * 2_100,
            label,
        )
        until = at + seconds * SECOND
        number = admin.logon(
            at,
            until,
            hop.user,
            source,
            port,
            10 if rdp else 3,
            label,
            station="kali",
            elevated=True,
        )
        if not rdp:
            admin.service(
                at + 3 * SECOND,
                "BTOBTO",
                "%COMSPEC% /Q /c echo cd ^> \\\\127.0.0.1\\C$\\__output 2^>^&1",
                "LocalSystem",
                label,
            )
        shell = "C:\\Windows\\System32\\cmd.exe"
        for place, line in enumerate(
            ("whoami /all", 'net group "Domain Admins" /domain', "cmdkey /list"), 1
        ):
            image = f"C:\\Windows\\System32\\{line.split(' ')[0]}.exe"
            admin.process(at + place * 40 * SECOND, hop.user, number, image, line, shell, label)

    def _look_round(self, k: int, at: int) -> None:
        """Search the host for what opens the next one."""
        hop = self.story.hops[k]
        if hop.key == "admin":
            return
        label = self.step(f"find-{k + 1}", "credential_access", at + 60 * SECOND, self.estate[hop.key].name,
                           self.estate[hop.key].name, hop.user, "T1552.001", "files")  # fmt: skip
        services = self.estate.services
        lines = [
            "uname -a", "id", "cat /etc/passwd", "ss -tlnp", f"cat /home/{hop.user}/.bash_history",
            "grep -rniE password /opt /srv/scripts /etc/cron.d", f"cat /opt/etl/{services['etl']}_sync.sh",
            f"ls -la /home/{hop.user}/.ssh", "cat /etc/hosts",
        ]  # fmt: skip
        for place, line in enumerate(lines):
            self.scene.linux[hop.key].run(at + (60 + place * 17) * SECOND, hop.user, line, label)
