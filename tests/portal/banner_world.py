"""The company's side of the banner: signed requests against the small published world."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from amends.kernel import clock, ids
from amends.portal.banner.request import signature
from amends.portal.keys import CompanyKeys, company_keys
from amends.portal.published import Published
from amends.vault.signing import read_jws
from tests.portal.world import World, publish_world


@dataclass
class Company:
    """A company that asks.

    Attributes:
        world: What was published.
        published: The same, open.
        key: Its key.
    """

    world: World
    published: Published
    key: CompanyKeys = field(repr=False)

    @classmethod
    def over(cls, world: World) -> Company:
        """Return the company of a world."""
        return cls(world, Published.open(world.published), company_keys(world.keys))

    def headers(self, path: str, method: str = "GET", **given: str) -> dict[str, str]:
        """Return the headers of a signed request; ``given`` replaces what is signed, or ``mark`` the signature."""
        key_id = given.get("key_id", self.key.key_id)
        stamp = given.get("stamp", str(int(clock.now().timestamp())))
        nonce = given.get("nonce", ids.new(16))
        made = signature(
            self.key.request_key, method.encode(), path.encode(), stamp.encode(), nonce.encode()
        )
        return {
            "X-Amends-Key": key_id,
            "X-Amends-Timestamp": stamp,
            "X-Amends-Nonce": nonce,
            "X-Amends-Signature": given.get("mark", made),
        }

    def read(self, token: str | bytes) -> dict[str, object]:
        """Return what an answer says, its signature checked."""
        text = token.decode() if isinstance(token, bytes) else token
        return read_jws(text, self.published.keys.signing.public_bytes())


def company(folder: Path) -> Company:
    """Publish the small world and return its company."""
    return Company.over(publish_world(folder))
