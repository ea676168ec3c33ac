"""Where the carrier's people live: states, cities, ZIP prefixes, area codes and streets.

City and ZIP prefix agree with the shipped table of ZIP prefixes (a test checks it); population
weights are the Census Bureau's 2020s state estimates in tens of thousands, rounded; military and
Guam weights are raised a little so that small cases hold some.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from amends.demo.strings import Ints, Text, as_text

_WORDS = """
Main Oak Maple Cedar Elm Washington Lake Hill Park Pine Walnut Spring North Ridge Church
Willow Mill Sunset Railroad Jackson Cherry West River Franklin Chestnut Center Meadow Forest
Hickory Lincoln Jefferson Madison Dogwood Poplar Birch Magnolia Adams Highland Locust Spruce
Woodland Valley Prospect Pleasant College Union Laurel Monroe Liberty Orchard Fairview
Lakeview Hillcrest Sycamore Aspen Juniper Cypress Beech Holly Mulberry Bayberry Clearwater
Stonebridge Foxglove Larkspur Quail Pheasant Heron Kingfisher Meadowlark Mockingbird
Cardinal Bluebird Sandpiper Pelican Harbor Bay Ocean Shore Canyon Mesa Prairie Summit
Boulder Quarry Granite Cobblestone Copper Silver Colonial Heritage Independence Constitution
Veterans Kennedy Roosevelt Wilson Grant Sherman Lee Harrison Tyler Taylor Pierce Cleveland
McKinley
"""
STREETS = (
    *_WORDS.split(),
    "1st", "2nd", "3rd", "4th", "5th", "9th", "12th", "17th", "21st", "42nd", "103rd",
    "Martin Luther King Jr", "Old Mill", "Saint Charles", "San Pedro", "El Camino Real",
    "Rancho Vista", "Los Robles", "O'Neal", "Van Buren", "Mount Vernon",
)  # fmt: skip
KINDS = ("St", "Ave", "Rd", "Dr", "Ln", "Ct", "Blvd", "Way", "Pl", "Cir", "Ter", "Pkwy")
_KINDS = "Street Avenue Road Drive Lane Court Boulevard Way Place Circle Terrace Parkway"
KINDS_LONG = tuple(_KINDS.split())
FOREIGN = (
    ("14 Rue Sainte-Catherine Ouest", "Montréal", "QC", "H3B 1A7", "CA"),
    ("2210 Bloor St W", "Toronto", "ON", "M6S 1N6", "CA"),
    ("Av. Insurgentes Sur 1602", "Ciudad de México", "CDMX", "03940", "MX"),
    ("Calle 60 No. 491", "Mérida", "YUC", "97000", "MX"),
    ("47 Great Queen St", "London", "", "WC2B 5AA", "GB"),
    ("Königstraße 12", "Stuttgart", "", "70173", "DE"),
    ("8 Upper Abbey St", "Dublin", "", "D01 X2Y8", "IE"),
    ("12 Rizal Ave", "Quezon City", "", "1100", "PH"),
)


@dataclass(frozen=True)
class Places:
    """The map as arrays; a city index leads to its state, ZIP prefix and area codes."""

    states: Text
    cities: Text
    city_state: Ints
    city_prefix: Ints
    city_cumulative: npt.NDArray[np.float64]
    area_codes: Ints
    n_area_codes: Ints

    def draw_cities(self, rng: np.random.Generator, n: int) -> Ints:
        """Return ``n`` cities: states by population, cities long-tailed within a state."""
        found = np.searchsorted(self.city_cumulative, rng.random(n), side="right")
        return np.minimum(found, len(self.city_cumulative) - 1).astype(np.int64)


def _rows(name: str) -> list[dict[str, str]]:
    text = (resources.files("amends.demo") / "data" / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def places() -> Places:
    """Return the shipped map."""
    states = _rows("states.csv")
    cities = _rows("cities.csv")
    order = {row["state"]: number for number, row in enumerate(states)}
    of_state = np.array([order[row["state"]] for row in cities], np.int64)
    weights = np.array([float(row["people_10k"]) for row in states])
    rank = np.zeros(len(cities))
    for number in range(len(states)):
        mine = np.flatnonzero(of_state == number)
        share = 1.0 / np.arange(1, len(mine) + 1)
        rank[mine] = share / share.sum()
    weight = weights[of_state] * rank
    codes = [[int(code) for code in row["area_codes"].split()] for row in states]
    longest = max(map(len, codes))
    return Places(
        states=as_text([row["state"] for row in states]),
        cities=as_text([row["city"] for row in cities]),
        city_state=of_state,
        city_prefix=np.array([int(row["zip_prefix"]) for row in cities], np.int64),
        city_cumulative=np.cumsum(weight / weight.sum()),
        area_codes=np.array([(own * longest)[:longest] for own in codes], np.int64),
        n_area_codes=np.array([len(own) for own in codes], np.int64),
    )
