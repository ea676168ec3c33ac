"""The commands on the company's own data; each is imported when it is called."""

from __future__ import annotations

from collections.abc import Mapping

import click

from amends.cli.late import LateGroup

COMMANDS: Mapping[str, str] = {
    "new": "amends.cli.vault_keys:new",
    "keys": "amends.cli.vault_keys:keys",
    "plan": "amends.cli.vault_protect:plan_command",
    "protect": "amends.cli.vault_protect:protect",
    "verify": "amends.cli.vault_protect:verify",
    "undo": "amends.cli.vault_protect:undo",
    "drop": "amends.cli.vault_protect:drop",
    "rewrap": "amends.cli.vault_keys:rewrap",
    "rotate": "amends.cli.vault_keys:rotate",
    "shred": "amends.cli.vault_keys:shred",
    "leaks": "amends.cli.vault_leaks:leaks",
    "actors": "amends.cli.vault_actors:actors",
    "canary": "amends.cli.vault_actors:canary",
    "serve": "amends.cli.vault_serve:serve",
    "ask": "amends.cli.vault_serve:ask",
    "release": "amends.cli.vault_release:release",
    "audit": "amends.cli.vault_serve:audit",
    "mask": "amends.cli.vault_mask:mask",
    "subset": "amends.cli.vault_mask:subset",
    "test-check": "amends.cli.vault_mask:test_check",
}


@click.group(cls=LateGroup, places=COMMANDS)
def vault() -> None:
    """The company's own data: identifiers no longer in clear, a brake on reading them, safe copies for tests."""
