"""What messages of Cisco's routers and firewalls have in common: commands, permitted and denied, ways in."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers.dialects.commands import by_command


def cisco_outcomes(columns: dict[str, pa.Array]) -> None:
    """Read what a list said, and what an SSH session came to, as outcome and action."""
    by_command(columns)
    word = columns.get("outcome")
    if word is not None:
        denied = pc.is_in(word, value_set=pa.array(["denied", "Failed"]))
        columns["outcome"] = pc.if_else(denied, "failure", "success")
        if "object" in columns:
            columns["action"] = pc.if_else(denied, "deny", "allow")
    if "proto" in columns:
        columns["proto"] = pc.utf8_lower(columns["proto"])
    if "dst_port" in columns and "account" in columns and "logon_type" not in columns:
        port = columns["dst_port"]
        columns["logon_type"] = pc.if_else(
            pc.equal(port, 22),
            "ssh",
            pc.if_else(pc.equal(port, 23), "telnet", pa.scalar(None, pa.string())),
        )
