"""The demonstration case: the stolen data of a fictional carrier, Larkspur Wireless.

In goes a seed and a size; out come exhibits in the formats a carrier's systems export, rosters, the
facts of the case, and the truth for tests. Nobody in it is real. The generator knows formats and the
taxonomy, and no room.
"""

from amends.demo.exhibits import ENTITY, FACTS, DemoExhibit, exhibits
from amends.demo.write import DemoSummary, write_demo

__all__ = ["ENTITY", "FACTS", "DemoExhibit", "DemoSummary", "exhibits", "write_demo"]
