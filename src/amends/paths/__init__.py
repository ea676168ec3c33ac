"""The ways from the internet to customer data, and the proof that they are closed.

In come inventories, scans, configurations and findings of credentials (exhibits of the role inventory, or a folder),
and from earlier rooms how many people each store holds. Out come *facts* (what lets an intruder take a step, with its
evidence and its state: open, claimed, verified, reopened), *attack paths* (minimal sets of facts that lead from the
internet to a store, told step by step) and *closures* (the fewest acts that close every path, in the order in which
they protect most people soonest). A path is closed when what is left after everything *verified* gone no longer gives
the store; a claim closes nothing.
"""

from __future__ import annotations

from amends.paths.answer import Answer, answer
from amends.paths.as_json import as_json
from amends.paths.diff import diff_json, store_changes
from amends.paths.gather import Source, in_folder, networks
from amends.paths.states import Dated

__all__ = [
    "Answer",
    "Dated",
    "Source",
    "answer",
    "as_json",
    "diff_json",
    "in_folder",
    "networks",
    "store_changes",
]
