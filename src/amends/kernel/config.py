"""``case.toml``: every key documented, checked, and read into frozen values; an unknown key is an error.

The documentation's settings page is made from ``SETTINGS``.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from amends.kernel.errors import TableError, UsageError

FORMAT = 1

Value = str | int | float | bool | list[str]


@dataclass(frozen=True)
class Setting:
    """One key of ``case.toml``.

    Attributes:
        section: Section, dotted.
        key: Key in it.
        default: Its value when it is not written; its type is the key's type.
        means: What it does.
        choices: The values allowed, empty for any.
    """

    section: str
    key: str
    default: Value
    means: str
    choices: tuple[str, ...] = ()


SETTINGS: tuple[Setting, ...] = (
    Setting("case", "format", FORMAT, "Version of the case folder; written by Amends."),
    Setting("case", "name", "", "Short name of the incident."),
    Setting("case", "entity", "", "The company that owes the notices, as it is named in letters."),
    Setting("case", "roles", ["BUSINESS"], "Roles of the entity in the law's vocabulary, such as TELECOM_CARRIER."),
    Setting("case", "domain", "", "The company's own web domain; letters point to it."),
    Setting("case", "phone", "", "Toll-free number that letters print."),
    Setting("case", "address", [], "Postal address of the sender, one line an item."),
    Setting("case", "what_happened", "", "One or two plain sentences for letters: how it happened."),
    Setting("case", "what_we_do", "", "One or two plain sentences for letters: what was done to contain and prevent."),
    Setting("case", "what_happened_es", "", "The same in Spanish."),
    Setting("case", "what_we_do_es", "", "The same in Spanish."),
    Setting("case", "source_of_breach", True, "Whether the breach happened at the entity itself."),
    Setting("case", "preset", "", "The preset the case was made with."),
    Setting("breach", "access", True, "Whether the data were seen by somebody without the right to, where no log says."),
    Setting("breach", "acquisition", True, "Whether the data were taken, where no log says."),
    Setting("breach", "from_logs", True, "Whether what the logs prove or exclude for a store counts before these two."),
    Setting("breach", "harm_likely", True, "Whether harm to people is reasonably likely."),
    Setting("breach", "id_theft_sufficient", False, "Whether the data alone suffice for identity theft (a judgement)."),
    Setting("breach", "key_taken", False, "Whether keys to encrypted data were taken too."),
    Setting("policy", "minors", "guardian", "To whom a minor's notice goes.", ("guardian", "hold")),
    Setting("policy", "deceased", "next_of_kin", "To whom a dead person's notice goes.", ("next_of_kin", "hold", "none")),
    Setting("policy", "unknown_residence", "strictest", "Which duties apply when the residence is unknown.", ("strictest", "entity", "hold")),
    Setting("policy", "minor_age", 18, "Age in years below which a person is a minor on the day of discovery."),
    Setting("policy", "entity_state", "", "State of the entity's seat (US-WA), for unknown_residence = entity."),
    Setting("policy", "judgement", "tell", "What a duty that needs judgement does until someone decides.", ("tell", "hold")),
    Setting("policy", "id_protection_months", 24, "Months of identity protection offered; never below what law asks."),
    Setting("policy", "id_protection_product", "", "Name of the protection offered, as letters print it."),
    Setting("policy", "target_days", 30, "Own target in days for duties without a fixed number."),
    Setting("engine", "name", "duckdb", "Engine of the tables.", ("duckdb",)),
    Setting("engine", "memory", "4GB", "Memory limit of the engine."),
    Setting("engine", "threads", 0, "Threads of the engine; 0 = all cores."),
    Setting("register", "url", "", "Database of the registers; empty = SQLite in the case folder."),
    Setting("custody", "max_depth", 8, "How deep containers inside containers are opened."),
    Setting("custody", "max_item_bytes", 512_000_000, "Largest member opened in memory, in bytes."),
    Setting("custody", "max_ratio", 1000, "Largest ratio of unpacked to packed bytes."),
    Setting("custody", "max_items", 1_000_000, "Most items in one exhibit."),
    Setting("custody", "password_file", "", "File with passwords for locked exhibits, one a line."),
    Setting("custody", "stamp_roots", "", "PEM file with root certificates of the time-stamp authorities you trust."),
    Setting("channels.email", "url", "", "Mail server: smtp://host:port or smtps://host:port."),
    Setting("channels.email", "from", "", "Sender address of notices."),
    Setting("channels.email", "dkim_key", "", "File of a DKIM key; not used yet: let the mail server sign."),
    Setting("channels.email", "per_hour", 0, "Most e-mails an hour; 0 = no limit."),
    Setting("channels.email", "ask", "", "Where to ask what arrived: an http(s) address, or file: an MTA log."),
    Setting("channels.print", "batch", 500, "Letters in one print batch."),
    Setting("channels.sms", "url", "", "SMS gateway; not used yet."),
    Setting("site", "address", "", "Public address of the site, such as help.larkspur.example; letters and pages name it."),
    Setting("site", "signed_by", "", "Who signs the public statement: name and office."),
    Setting("site", "answer_no", "sealed", "When an account that is not in the determination is answered no: once it is sealed and released, or only when no exception is open.", ("sealed", "complete")),
    Setting("offers", "redeem_at", "", "Web address at which the partner takes enrolment codes."),
    Setting("offers", "minor_product", "", "Product for minors; empty = the same as for adults, [policy] id_protection_product."),
    Setting("offers", "next_of_kin_product", "", "Product for the next of kin of the dead; empty = the same."),
    Setting("offers", "business_product", "", "Product for businesses; empty = the same."),
    Setting("offers", "top_up_below", 1000, "Alarm when fewer codes of a product are free than this."),
    Setting("protection", "actions", [], "Account protection offered: lock, port_out_block, pin_reset."),
    Setting("protection", "url", "", "Address of the connector of the company's own system."),
    Setting("protection", "key_file", "", "File with the key that signs requests to it."),
    Setting("controls", "vault", "", "Folder of the company's vault, whose audit the review reads; empty = not measured."),
    Setting("controls", "former", ["former"], "Populations of people who are customers no more."),
    Setting("controls", "prospective", ["prospective"], "Populations of people who never became customers."),
    Setting("controls", "keep_days", 730, "Days a record may be kept after it was last needed (16 CFR 314.4(c)(6): two years)."),
    Setting("controls", "efforts", [], "Own working days of rules of the review: EXP-1=3."),
    Setting("controls", "owners", [], "Own offices of rules of the review: EXP-1=Network team."),
    Setting("controls", "costs", [], "Own costs in US dollars: notices=0.80,1.10,1.90 (low, likely, high)."),
    Setting("console", "session_minutes", 30, "Minutes after which an idle session of the console ends."),
    Setting("console", "published", "", "Folder the site serves; the console reads claims and alarms there."),
    Setting("console", "oidc_issuer", "", "Address of the identity provider; empty = local accounts only."),
    Setting("console", "oidc_client_id", "", "Client id at the identity provider."),
    Setting("console", "oidc_secret_file", "", "File with the client secret."),
    Setting("console", "oidc_role_claim", "amends_role", "Claim of the id token that names the role."),
)  # fmt: skip

_SECTIONS: dict[str, dict[str, Setting]] = {}
for _setting in SETTINGS:
    _SECTIONS.setdefault(_setting.section, {})[_setting.key] = _setting


@dataclass(frozen=True)
class Config:
    """The settings of a case; ask with ``config.text("case", "entity")``."""

    values: Mapping[tuple[str, str], Value]

    def get(self, section: str, key: str) -> Value:
        """Return a setting, or its default."""
        found = self.values.get((section, key))
        return _SECTIONS[section][key].default if found is None else found

    def text(self, section: str, key: str) -> str:
        """Return a text setting."""
        return str(self.get(section, key))

    def number(self, section: str, key: str) -> int:
        """Return a whole-number setting."""
        value = self.get(section, key)
        return int(value) if isinstance(value, int | float) else 0

    def flag(self, section: str, key: str) -> bool:
        """Return a yes/no setting."""
        return bool(self.get(section, key))

    def texts(self, section: str, key: str) -> tuple[str, ...]:
        """Return a list setting."""
        value = self.get(section, key)
        return tuple(value) if isinstance(value, list) else ()

    def as_json(self, *sections: str) -> dict[str, Value]:
        """Return the settings of sections as a flat JSON value, defaults included."""
        return {
            f"{s.section}.{s.key}": self.get(s.section, s.key)
            for s in SETTINGS
            if not sections or s.section in sections
        }


def read_config(path: Path) -> Config:
    """Read and check ``case.toml``.

    Raises:
        UsageError: It is missing, is no TOML, holds an unknown key or a value of the wrong type.
        TableError: A newer Amends wrote the case.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            "There is no case here", where=str(path.parent), remedy="make one with: amends new CASE"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            "case.toml is not TOML", where=f"{path}: {error}", remedy="correct the line named"
        ) from error
    _refuse_newer(raw, path)
    values: dict[tuple[str, str], Value] = {}
    for section, table in _flatten(raw):
        values.update(_checked(section, table, path))
    return Config(values)


def values_of(words: Iterable[str]) -> dict[tuple[str, str], Value]:
    """Return settings given as ``section.key=value``; a value that is not TOML is taken as text.

    Raises:
        UsageError: It has another form, an unknown key, or a value of the wrong type.
    """
    made: dict[tuple[str, str], Value] = {}
    for word in words:
        place, equals, text = word.partition("=")
        section, dot, key = place.strip().rpartition(".")
        if not (equals and dot):
            raise UsageError(
                "A setting is given as SECTION.KEY=VALUE",
                remedy="such as site.address=help.acme.example",
            )
        try:
            value: object = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            value = text
        known = _SECTIONS.get(section, {}).get(key)
        if known is not None and isinstance(known.default, str) and not isinstance(value, str):
            value = text
        made.update(_checked(section, {key: value}, Path("case.toml")))
    return made


def _refuse_newer(raw: Mapping[str, object], path: Path) -> None:
    case = raw.get("case")
    written = case.get("format", FORMAT) if isinstance(case, dict) else FORMAT
    if isinstance(written, int) and written > FORMAT:
        raise TableError(
            f"A newer Amends made this case (format {written}, this one knows {FORMAT})",
            where=str(path),
            remedy="install the newer Amends: pip install --upgrade amends",
        )


def _flatten(raw: Mapping[str, object], prefix: str = "") -> list[tuple[str, dict[str, object]]]:
    """Return (dotted section, its own keys) for each section."""
    found: list[tuple[str, dict[str, object]]] = []
    for name, value in raw.items():
        section = f"{prefix}{name}"
        if not isinstance(value, dict):
            raise UsageError(
                f"case.toml holds the key {name!r} outside any section",
                remedy="put it under [case]",
            )
        own = {k: v for k, v in value.items() if not isinstance(v, dict)}
        if own or section in _SECTIONS:
            found.append((section, own))
        found.extend(
            _flatten({k: v for k, v in value.items() if isinstance(v, dict)}, f"{section}.")
        )
    return found


def _checked(section: str, table: Mapping[str, object], path: Path) -> dict[tuple[str, str], Value]:
    if section not in _SECTIONS:
        raise UsageError(
            f"case.toml holds an unknown section [{section}]",
            where=str(path),
            remedy=_nearest(section, list(_SECTIONS)),
        )
    values: dict[tuple[str, str], Value] = {}
    for key, value in table.items():
        setting = _SECTIONS[section].get(key)
        if setting is None:
            raise UsageError(
                f"case.toml holds an unknown key {key!r} in [{section}]",
                where=str(path),
                remedy=_nearest(key, list(_SECTIONS[section])),
            )
        values[section, key] = _typed(setting, value, path)
    return values


def _typed(setting: Setting, value: object, path: Path) -> Value:
    want = type(setting.default)
    right = isinstance(value, want) and not (want is int and isinstance(value, bool))
    if want is list and isinstance(value, list):
        right = all(isinstance(v, str) for v in value)
    if not right or (setting.choices and value not in setting.choices):
        allowed = " or ".join(setting.choices) or {
            "str": "text",
            "int": "a whole number",
            "bool": "true or false",
            "list": "a list of text",
        }.get(want.__name__, want.__name__)
        raise UsageError(
            f"case.toml: [{setting.section}] {setting.key} has a value that cannot be used",
            where=str(path),
            remedy=f"write {allowed}",
        )
    return value  # type: ignore[return-value]  # checked just above


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else "known here: " + ", ".join(known)


def toml_text(values: Mapping[tuple[str, str], Value]) -> str:
    """Return the text of a ``case.toml`` with these values, each with its meaning as a comment."""
    lines: list[str] = []
    for section, keys in _SECTIONS.items():
        given = [(s, values[section, k]) for k, s in keys.items() if (section, k) in values]
        if not given:
            continue
        lines.append(f"[{section}]")
        for setting, value in given:
            lines.append(f"{setting.key} = {_toml_value(value)}  # {setting.means}")
        lines.append("")
    return "\n".join(lines)


def _toml_value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(_toml_value(v) for v in value) + "]"
    escaped = "".join(
        f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else {"\\": "\\\\", '"': '\\"'}.get(c, c)
        for c in value
    )
    return f'"{escaped}"'
