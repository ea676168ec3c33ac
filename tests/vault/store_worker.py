"""A process that protects and undoes until it is killed; it is told which store on its standard input."""

from __future__ import annotations

import importlib
import json
import sys

from amends.kernel.errors import BusyError
from tests.vault.store_world import worker_steps


def main() -> None:
    """Go on until killed."""
    told = json.loads(sys.stdin.read())
    module = importlib.import_module(f"amends.vault.stores.{told['kind']}")
    store = module.opened(told["address"], told["password"])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        try:
            for step in worker_steps(store, drop=told["drop"]):
                sys.stdout.write(step + "\n")
                sys.stdout.flush()
        except BusyError:
            continue


main()
