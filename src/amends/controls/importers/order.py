"""The importers, in the order in which they are asked; the first that recognises a file reads it."""

from __future__ import annotations

from amends.controls.importers.base import Importer
from amends.controls.importers.csv_findings import CSV_FINDINGS
from amends.controls.importers.nmap import NMAP
from amends.controls.importers.oscal import OSCAL
from amends.controls.importers.sarif import SARIF

IMPORTERS: tuple[Importer, ...] = (OSCAL, SARIF, NMAP, CSV_FINDINGS)
