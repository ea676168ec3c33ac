"""What the operator may see of the traffic: how many answers of which status each route gave. In memory only."""

from __future__ import annotations

import time
from collections import Counter


class Counts:
    """Numbers of answers by route and status since the process started."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._answers: Counter[tuple[str, int]] = Counter()

    def add(self, route: str, status: int) -> None:
        """Count one answer."""
        self._answers[route, status] += 1

    def as_json(self) -> dict[str, object]:
        """Return the numbers, by route and status."""
        routes: dict[str, dict[str, int]] = {}
        for (route, status), count in sorted(self._answers.items()):
            routes.setdefault(route, {})[str(status)] = count
        return {"up_seconds": round(time.monotonic() - self._since), "answers": routes}
