"""What holds for every test: chance is seeded by Hypothesis, and no test fails because a machine is slow."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("amends", deadline=None)
settings.load_profile("amends")
