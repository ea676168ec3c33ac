"""Groups of commands that are imported when one is called: starting stays quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LateGroup(click.Group):
    """A group whose commands are imported when they are asked for, in the order of a person's work.

    Args:
        places: Name of each command and where it lives, ``module:name``.
    """

    def __init__(self, *, places: Mapping[str, str], **given: Any) -> None:  # click's own options
        super().__init__(**given)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or nothing when there is none of that name."""
        place = self.places.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(module), name)
        return command if isinstance(command, click.Command) else None
