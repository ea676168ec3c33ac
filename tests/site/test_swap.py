"""A new edition under load: no request fails, none mixes editions, and one that is not whole is not taken."""

from __future__ import annotations

import http.client
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from amends.portal.edition import current_name
from amends.portal.pages.links import broken_links
from amends.portal.published import Published
from amends.site.settings import Limits
from amends.site.visits import Visits
from tests.portal.world import World, determination, publish_world
from tests.site.served import Served, served
from tests.site.visitor import ADULT, enter, running, words

ENOUGH = Limits(keep_alive_seconds=5)


@dataclass
class Reader:
    """Reads pages again and again over one connection, and remembers the editions it saw."""

    site: Served
    way: str
    cookie: str = ""
    seen: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Read until told to stop."""
        line = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=20)
        headers = {"Cookie": self.cookie} if self.cookie else {}
        while not stop.is_set():
            line.request("GET", self.way, headers=headers)
            answer = line.getresponse()
            text = answer.read().decode()
            editions = {int(n) for n in re.findall(r"[Ee]dition (\d+)", text)}
            if answer.status != 200 or len(editions) != 1:
                self.faults.append(f"{answer.status} {sorted(editions)}")
                return
            self.seen.append(editions.pop())
        line.close()


def visit_cookie(world: World) -> str:
    """Return the cookie of a visit of the first person."""
    published = Published.open(world.published)
    visits = Visits(published.keys.cookie_key)
    number = published.number_of_code(world.code(ADULT))
    assert number is not None
    return f"visit={visits.seal(visits.new(number))}"


def test_an_edition_is_taken_up_under_load_without_a_fault(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with served(world, ENOUGH) as site:
        cookie = visit_cookie(world)
        ways = [("/en/you", cookie), ("/en/contact/sent", ""), ("/en/", ""), ("/en/faq.html", "")]
        readers = [Reader(site, way, given) for way, given in ways]
        stop = threading.Event()
        threads = [threading.Thread(target=r.run, args=(stop,)) for r in readers]
        for thread in threads:
            thread.start()
        for edition in (2, 3):
            publish_world(tmp_path, determination(edition))
            until = time.monotonic() + 15
            while time.monotonic() < until and any(
                not r.seen or r.seen[-1] != edition for r in readers
            ):
                if any(r.faults for r in readers):
                    break
                time.sleep(0.05)
        stop.set()
        for thread in threads:
            thread.join(20)
    for reader in readers:
        assert not reader.faults, (reader.way, reader.faults)
        assert reader.seen == sorted(reader.seen), "never back to an older one"
        assert reader.seen[-1] == 3, reader.way


def test_an_edition_that_is_not_whole_is_left_alone(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with running(tmp_path, world) as place:
        publish_world(tmp_path, determination(2))
        folder = world.published / "editions" / current_name(world.published)
        (folder / "codes.keys").write_bytes(b"cut short")
        assert not place.site.live.look()
        assert "Edition 1" in words(enter(place.client, world.code(ADULT)))


def test_a_visit_that_began_with_one_edition_reads_the_next(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with running(tmp_path, world) as place:
        assert "date of birth" in words(enter(place.client, world.code(ADULT)))
        publish_world(tmp_path, determination(2), people_are={ADULT: 2})
        assert place.site.live.look()
        said = words(place.client.get("/en/you"))
        assert "device number (IMEI)" in said
        assert "date of birth" not in said.split("What to do")[0]


def test_general_pages_are_served_and_their_links_lead_somewhere(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    static = world.published / "current" / "static"
    pages = sorted(static.rglob("*.html"))
    assert len(pages) >= 16, "eight pages in two languages at least"
    assert broken_links(static) == [], "also when the site is down"
    with running(tmp_path, world) as place:
        for path in static.rglob("*"):
            if not path.is_file():
                continue
            way = f"/{path.relative_to(static).as_posix()}"
            answer = place.client.get(way)
            assert answer.status_code == 200, way
            assert answer.content == path.read_bytes()
            again = place.client.get(way, headers={"if-none-match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            plain = place.client.get(way, headers={"accept-encoding": "identity"})
            assert plain.content == answer.content
            assert "content-encoding" not in plain.headers
        for page in pages:
            for link in re.findall(r'href="([^"#:]+)"', page.read_text("utf-8")):
                at = f"/{page.relative_to(static).parent.as_posix()}/{link}"
                assert place.client.get(at, follow_redirects=True).status_code == 200, link
        for way in ("/en/", "/es/", "/en/faq", "/es/what-to-do"):
            assert place.client.get(way).status_code == 200, way


def test_nothing_outside_the_edition_is_served(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    with running(tmp_path, world) as place:
        for way in (
            "/../edition.json", "/%2e%2e/edition.json", "/static/../../keys/site.json", "/keys/site.json",
            "/codes.keys", "/en/../../classes.bin", "//etc/passwd", "/en/%00", "/state/site.db",
        ):  # fmt: skip
            assert place.client.get(way).status_code in (404, 405), way
