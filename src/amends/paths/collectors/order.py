"""The collectors, in the order in which they are asked; the first that recognises a file reads it."""

from __future__ import annotations

from amends.paths.collectors.base import Collector
from amends.paths.collectors.cisco import CISCO
from amends.paths.collectors.inventory import INVENTORY
from amends.paths.collectors.iptables import HOSTS, IPTABLES
from amends.paths.collectors.nmap import NMAP
from amends.paths.collectors.secrets import CLAIMS, SECRETS

COLLECTORS: tuple[Collector, ...] = (NMAP, SECRETS, CLAIMS, HOSTS, IPTABLES, CISCO, INVENTORY)
