"""Ask the desk: python ask.py PATH JSON."""

from __future__ import annotations

import os
import sys

import httpx


def main() -> None:
    """Post and print the answer."""
    desk = os.environ.get("DESK_ADDRESS", "http://127.0.0.1:8011")
    answer = httpx.post(f"{desk}{sys.argv[1]}", content=sys.argv[2])
    print(answer.text)


if __name__ == "__main__":
    main()
