"""The banner's API: ``/v1/banner/{account_ref}``, ``/v1/keys``, ``/v1/openapi.json``.

An ASGI application that the site mounts, and that can run alone, where only the company's servers reach it.
"""

from __future__ import annotations
