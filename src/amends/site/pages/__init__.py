"""The personal pages: what a request leads to. Each reads one edition from beginning to end."""

from __future__ import annotations
