"""Sigma rules: compiled once, evaluated by columns.

``load_rules`` turns folders of rules into a ``RuleSet`` (kept, so that the next time is quick) and says what it
refused. A ``Detector`` takes batches of events one after the other and gives the table ``detections``.
"""

from __future__ import annotations

from amends.timeline.sigma.addresses import Inside
from amends.timeline.sigma.detector import Detector
from amends.timeline.sigma.finding import Fired, Reference
from amends.timeline.sigma.loading import cache_folder, load_rules
from amends.timeline.sigma.rules import Refusal, RuleSet

__all__ = [
    "Detector",
    "Fired",
    "Inside",
    "Reference",
    "Refusal",
    "RuleSet",
    "cache_folder",
    "load_rules",
]
