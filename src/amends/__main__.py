"""Lets ``python -m amends`` stand for ``amends``."""

from __future__ import annotations

from amends.cli.main import main

main()
