"""Which events a rule's log source means.

For Windows the mapping is that of Sigma's own pipelines (sysmon, windows): a service is a channel, a category is
an event number of Sysmon's channel. Elsewhere a log source is one or more parsers and dialects.

Source: pySigma-pipeline-sysmon and pySigma-pipeline-windows (facts of the mapping; read 2026-11); Sigma
specification, appendix on log sources.
"""

from __future__ import annotations

from dataclasses import dataclass

from amends.timeline.sigma.rules import Book, Node, Operation, Predicate, all_of, any_of, none_of

SYSMON = "microsoft-windows-sysmon/operational"
CHANNELS: dict[str, tuple[str, ...]] = {
    "security": ("security",),
    "application": ("application",),
    "system": ("system",),
    "sysmon": (SYSMON,),
    "powershell": ("microsoft-windows-powershell/operational", "powershellcore/operational"),
    "powershell-classic": ("windows powershell",),
    "taskscheduler": ("microsoft-windows-taskscheduler/operational",),
    "wmi": ("microsoft-windows-wmi-activity/operational",),
    "dns-server": ("dns server",),
    "dns-server-audit": ("microsoft-windows-dns-server/audit",),
    "dns-server-analytic": ("microsoft-windows-dns-server/analytical",),
    "driver-framework": ("microsoft-windows-driverframeworks-usermode/operational",),
    "ntlm": ("microsoft-windows-ntlm/operational",),
    "dhcp": ("microsoft-windows-dhcp-server/operational",),
    "msexchange-management": ("msexchange management",),
    "applocker": (
        "microsoft-windows-applocker/msi and script",
        "microsoft-windows-applocker/exe and dll",
        "microsoft-windows-applocker/packaged app-deployment",
        "microsoft-windows-applocker/packaged app-execution",
    ),
    "printservice-admin": ("microsoft-windows-printservice/admin",),
    "printservice-operational": ("microsoft-windows-printservice/operational",),
    "codeintegrity-operational": ("microsoft-windows-codeintegrity/operational",),
    "smbclient-security": ("microsoft-windows-smbclient/security",),
    "smbclient-connectivity": ("microsoft-windows-smbclient/connectivity",),
    "smbserver-connectivity": ("microsoft-windows-smbserver/connectivity",),
    "firewall-as": ("microsoft-windows-windows firewall with advanced security/firewall",),
    "bits-client": ("microsoft-windows-bits-client/operational",),
    "windefend": ("microsoft-windows-windows defender/operational",),
    "terminalservices-localsessionmanager": (
        "microsoft-windows-terminalservices-localsessionmanager/operational",
    ),
    "microsoft-servicebus-client": ("microsoft-servicebus-client",),
    "ldap": ("microsoft-windows-ldap-client/debug",),
    "ldap_debug": ("microsoft-windows-ldap-client/debug",),
    "security-mitigations": (
        "microsoft-windows-security-mitigations/kernel mode",
        "microsoft-windows-security-mitigations/user mode",
    ),
    "diagnosis-scripted": ("microsoft-windows-diagnosis-scripted/operational",),
    "shell-core": ("microsoft-windows-shell-core/operational",),
    "openssh": ("openssh/operational",),
    "bitlocker": ("microsoft-windows-bitlocker/bitlocker management",),
    "vhdmp": ("microsoft-windows-vhdmp/operational",),
    "appxdeployment-server": ("microsoft-windows-appxdeploymentserver/operational",),
    "lsa-server": ("microsoft-windows-lsa/operational",),
    "appxpackaging-om": ("microsoft-windows-appxpackaging/operational",),
    "dns-client": ("microsoft-windows-dns client events/operational",),
    "appmodel-runtime": ("microsoft-windows-appmodel-runtime/admin",),
    "capi2": ("microsoft-windows-capi2/operational",),
    "certificateservicesclient-lifecycle-system": (
        "microsoft-windows-certificateservicesclient-lifecycle-system/operational",
    ),
    "iis-configuration": ("microsoft-iis-configuration/operational",),
}  # fmt: skip

# Category -> (service, event numbers).
CATEGORIES: dict[str, tuple[str, tuple[int, ...]]] = {
    "process_creation": ("sysmon", (1,)),
    "file_change": ("sysmon", (2,)),
    "network_connection": ("sysmon", (3,)),
    "sysmon_status": ("sysmon", (4, 16)),
    "process_termination": ("sysmon", (5,)),
    "driver_load": ("sysmon", (6,)),
    "image_load": ("sysmon", (7,)),
    "create_remote_thread": ("sysmon", (8,)),
    "raw_access_thread": ("sysmon", (9,)),
    "process_access": ("sysmon", (10,)),
    "file_event": ("sysmon", (11,)),
    "registry_add": ("sysmon", (12,)),
    "registry_delete": ("sysmon", (12,)),
    "registry_set": ("sysmon", (13,)),
    "registry_rename": ("sysmon", (14,)),
    "registry_event": ("sysmon", (12, 13, 14)),
    "create_stream_hash": ("sysmon", (15,)),
    "pipe_created": ("sysmon", (17, 18)),
    "wmi_event": ("sysmon", (19, 20, 21)),
    "dns_query": ("sysmon", (22,)),
    "file_delete": ("sysmon", (23,)),
    "clipboard_capture": ("sysmon", (24,)),
    "process_tampering": ("sysmon", (25,)),
    "file_delete_detected": ("sysmon", (26,)),
    "file_block_executable": ("sysmon", (27,)),
    "file_block_shredding": ("sysmon", (28,)),
    "file_executable_detected": ("sysmon", (29,)),
    "sysmon_error": ("sysmon", (255,)),
    "ps_module": ("powershell", (4103,)),
    "ps_script": ("powershell", (4104,)),
    "ps_classic_start": ("powershell-classic", (400,)),
    "ps_classic_provider_start": ("powershell-classic", (600,)),
    "ps_classic_script": ("powershell-classic", (800,)),
}

NETWORK = ("cisco", "asa", "juniper", "junos", "forti", "palo", "huawei")
"""Words in the source of network devices."""

MNEMONICS: dict[str, str] = {
    "cisco": r"%[A-Z][A-Z0-9_]+-(?:[A-Z0-9_]+-)?[0-7]-[A-Z0-9_]+:",
    "huawei": r"%%\d\d[A-Z][A-Z0-9_]*/[0-7]/",
}
"""How messages of a maker look, for lines whose dialect no parser has told.

Source: Cisco IOS System Message Guide; Huawei, format of information-center logs.
"""

CISCO_CODE = r"^[A-Z][A-Z0-9_]+-(?:[A-Z0-9_]+-)?[0-7]-[A-Z0-9_]+$"


@dataclass(frozen=True)
class Origin:
    """Where events of a log source come from.

    Attributes:
        sources: Words found in ``source``; any of them. Those that begin with ``=`` are its beginning.
        programs: Beginnings of ``process``; any of them; () for whatever program.
        kinds: Values of ``kind``; () for any.
        without: Words that ``source`` must not hold.
        looks: Expression that stands for the source in lines whose dialect is not known.
        code: Expression that does so in their code.
    """

    sources: tuple[str, ...]
    programs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    looks: str = ""
    code: str = ""


_HOSTS = (
    "=syslog",
    "=text",
    "linux",
    "auditd",
    "sshd",
    "sudo",
    "utmp",
    "wtmp",
    "unix",
    "=journal",
    "samba",
)
_WEB = ("=web", "apache", "nginx", "iis", "access")
_DATABASE = ("postgres", "mysql", "mariadb", "mssql", "sqlserver", "oracle", "mongo")
_FIREWALL = (
    "asa",
    "cisco",
    "forti",
    "juniper",
    "junos",
    "iptables",
    "nftables",
    "pf",
    "palo",
    "firewall",
    "=flow",
)


def _linux(
    *programs: str, kinds: tuple[str, ...] = (), sources: tuple[str, ...] = _HOSTS
) -> Origin:
    return Origin(sources, programs, kinds, NETWORK)


# (product, category, service) -> where its events come from; ``None`` = whatever. The most exact entry counts.
ORIGINS: dict[tuple[str | None, str | None, str | None], Origin] = {
    ("linux", None, None): _linux(),
    ("linux", None, "auditd"): _linux(sources=("auditd", "linux_audit", "linux/audit", "=audit")),
    ("linux", None, "sshd"): _linux("sshd"),
    ("linux", None, "sudo"): _linux("sudo"),
    ("linux", None, "cron"): _linux("cron", "crond", "anacron", "crontab"),
    ("linux", None, "vsftpd"): _linux("vsftpd"),
    ("linux", None, "clamav"): _linux("clam", "freshclam"),
    ("linux", None, "guacamole"): _linux("guac"),
    ("linux", None, "auth"): _linux(),
    ("linux", "process_creation", None): _linux(kinds=("process", "privilege")),
    ("linux", "file_event", None): _linux(kinds=("file",)),
    ("linux", "network_connection", None): _linux(kinds=("connection",)),
    ("cisco", None, None): Origin(("cisco", "asa"), looks=MNEMONICS["cisco"], code=CISCO_CODE),
    ("cisco", None, "duo"): Origin(("duo",)),
    ("huawei", None, None): Origin(("huawei",), looks=MNEMONICS["huawei"]),
    ("juniper", None, None): Origin(("juniper", "junos")),
    ("fortigate", None, None): Origin(("forti",)),
    ("fortinet", None, None): Origin(("forti",)),
    ("fortios", None, None): Origin(("forti",)),
    ("paloalto", None, None): Origin(("palo",)),
    ("zeek", None, None): Origin(("zeek",)),
    (None, "webserver", None): Origin(_WEB),
    (None, None, "apache"): Origin(("apache", "=web")),
    (None, None, "nginx"): Origin(("nginx", "=web")),
    (None, None, "iis"): Origin(("iis",)),
    (None, "proxy", None): Origin(("proxy", "squid", "bluecoat", "zscaler", "zeek/http")),
    (None, "firewall", None): Origin(_FIREWALL, kinds=("connection",)),
    (None, "dns", None): Origin(("dns", "named", "unbound")),
    (None, "database", None): Origin(_DATABASE),
    ("sql", "application", None): Origin((*_DATABASE, "=text", "=syslog")),
    ("aws", None, "cloudtrail"): Origin(("cloudtrail",)),
    ("okta", None, None): Origin(("okta",)),
    ("azure", None, "signinlogs"): Origin(("entra", "=json")),
    ("onelogin", None, None): Origin(("onelogin", "=json")),
    **{
        (product, None, None): Origin(("=json",))
        for product in ("azure", "gcp", "m365", "github", "bitbucket", "kubernetes", "opencanary", "rpc_firewall")
    },
    **{
        (product, "application", None): Origin(("=text", "=syslog"), without=NETWORK)
        for product in ("jvm", "python", "django", "ruby_on_rails", "spring", "nodejs", "velocity")
    },
}  # fmt: skip


def when(book: Book, product: str | None, category: str | None, service: str | None) -> int:
    """Return the number of the test that says which events a log source means.

    A log source that no parser of ours can give has the test ``false``: its rules are kept, and counted as such.
    """
    product, category, service = (_lower(w) for w in (product, category, service))
    if product == "windows":
        return book.when(_windows(book, category, service))
    if product == "amends":
        return book.when(_ours(book))
    origin = _origin((product, category, service))
    return book.when(False if origin is None else _test(book, origin, product, service))


def _ours(book: Book) -> Node:
    """Return the test of our own rules: any event, but the records that stand beside the one that tells all.

    A command that the audit daemon logs stands in three records of one serial; the one with a meaning counts.
    """
    beside = [Predicate("col:source", "contains", "auditd"), Predicate("col:kind", "eq", "other")]
    return none_of(all_of([book.ask(p) for p in beside]))


def _lower(word: str | None) -> str | None:
    return word.strip().lower() if word else None


def _windows(book: Book, category: str | None, service: str | None) -> Node:
    """Return the test of a Windows log source; one that is not known means any event with a channel."""
    numbers: tuple[int, ...] = ()
    if category in CATEGORIES:
        service, numbers = CATEGORIES[category]
    channels = CHANNELS.get(service or "", ())
    test = any_of([book.ask(Predicate("channel", "eq", c)) for c in channels])
    if not channels:
        test = book.ask(Predicate("channel", "exists", True))
    if not numbers:
        return test
    return all_of([test, any_of([book.ask(Predicate("eventid", "eq", str(n))) for n in numbers])])


def _origin(wanted: tuple[str | None, str | None, str | None]) -> Origin | None:
    best: tuple[int, Origin | None] = (-1, None)
    for entry, origin in ORIGINS.items():
        fits = all(e is None or e == w for e, w in zip(entry, wanted, strict=True))
        exact = sum(e is not None for e in entry)
        if fits and exact > best[0]:
            best = (exact, origin)
    return best[1]


def _test(book: Book, origin: Origin, product: str | None, service: str | None) -> Node:
    tests = [_words(book, origin.sources)]
    if origin.looks:
        unknown = _words(book, ("=text", "=syslog"))
        looks: list[Node] = [
            book.ask(Predicate("col:message", "re", [origin.looks, "", "", "linear"]))
        ]
        if origin.code:
            looks.append(book.ask(Predicate("col:code", "re", [origin.code, "", "", "linear"])))
        tests = [any_of([tests[0], all_of([unknown, any_of(looks)])])]
    if product == "zeek" and service:
        tests.append(book.ask(Predicate("col:source", "contains", service)))
    if origin.programs:
        tests.append(
            any_of([book.ask(Predicate("col:process", "prefix", p)) for p in origin.programs])
        )
    if origin.kinds:
        tests.append(any_of([book.ask(Predicate("col:kind", "eq", k)) for k in origin.kinds]))
    if origin.without:
        tests.append(none_of(_words(book, origin.without)))
    return all_of(tests)


def _words(book: Book, words: tuple[str, ...]) -> Node:
    tests: list[Node] = []
    for word in words:
        text = word.removeprefix("=")
        op: Operation = "contains" if text == word else "prefix"
        tests.append(book.ask(Predicate("col:source", op, text)))
    return any_of(tests)
