# ruff: noqa: E501  (expressions and tables read best on one line)
"""What a command on a network device does: shows or copies the configuration, makes an account, clears a log.

Source: Cisco IOS and ASA command references; Junos CLI reference.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import blank_to_null

_RULES: tuple[tuple[str, str, str, str], ...] = (
    # first letters of a command may be cut: "sh run", "copy run tftp"
    (r"^(?:do\s+)?cop\w*\s+(?:run|start|nvram|flash|system:|disk|boot)\S*\s+(?:tftp|ftp|scp|sftp|http|https|rcp|usb)", "config", "export", ""),
    (r"^(?:do\s+)?(?:file copy|request system configuration rescue|save)\b.*(?:://|@)", "config", "export", ""),
    (r"^(?:do\s+)?(?:sh(?:o|ow)?\s+(?:run|start|conf|arch|tech|derived|full-c)|more\s+(?:nvram|system|flash|start|run)|wr\w*\s+(?:term|t$|net)|show \| display|arc\w*\s+config)", "config", "view", ""),
    (r"^(?:do\s+)?no\s+user(?:name)?\s+(?P<target>\S+)", "account", "delete", "account"),
    (r"^(?:do\s+)?(?:username|set system login user|set user)\s+(?P<target>\S+)", "account", "create", "account"),
    (r"^(?:delete system login user)\s+(?P<target>\S+)", "account", "delete", "account"),
    (r"^(?:do\s+)?(?:clear\s+log\w*|clear\s+accounting)", "log", "clear", ""),
    (r"^(?:do\s+)?(?:no\s+logging|deactivate system syslog|delete system syslog|no\s+archive)", "log", "stop", ""),
    (r"^(?:do\s+)?(?:enable|sudo)\b", "privilege", "elevate", ""),
    (r"^(?:do\s+)?(?:sh(?:o|ow)?|ping|trace\w*|exit|end|dir|ter\w*|monitor|help|quit|more|which|who|where)\b", "process", "command", ""),
    (r"^(?:do\s+)?(?:reload|request system (?:reboot|halt))", "system", "shutdown", ""),
)  # fmt: skip


def by_command(columns: dict[str, pa.Array]) -> None:
    """Set kind, action and account of a group of commands; what no rule knows stays as its shape says."""
    command = columns.get("command")
    if command is None:
        return
    coded = command.dictionary_encode()
    distinct = pc.ascii_trim_whitespace(coded.dictionary)
    n = len(distinct)
    kinds: pa.Array = pa.nulls(n, pa.string())
    actions: pa.Array = pa.nulls(n, pa.string())
    targets: pa.Array = pa.nulls(n, pa.string())
    free = pa.array([True] * n)
    for pattern, kind, action, target in _RULES:
        fits = pc.and_(free, pc.match_substring_regex(distinct, "(?i)" + pattern))
        kinds = pc.if_else(fits, kind, kinds)
        actions = pc.if_else(fits, action, actions)
        if target:
            found = pc.struct_field(pc.extract_regex(distinct, "(?i)" + pattern), "target")
            targets = pc.if_else(fits, found, targets)
        free = pc.and_(free, pc.invert(fits))
    columns["kind"] = kinds.take(coded.indices)
    columns["action"] = actions.take(coded.indices)
    if targets.null_count < n:
        columns["target_account"] = blank_to_null(targets).take(coded.indices)
