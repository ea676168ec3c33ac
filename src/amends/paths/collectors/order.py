"""The collectors, in the order in which they are asked; the first that recognises a file reads it."""

from __future__ import annotations

from amends.paths.collectors.aws import AWS
from amends.paths.collectors.base import Collector
from amends.paths.collectors.cisco import CISCO
from amends.paths.collectors.database import GRANTS, HBA_CONF
from amends.paths.collectors.hosts import HOSTS
from amends.paths.collectors.inventory import INVENTORY
from amends.paths.collectors.iptables import IPTABLES
from amends.paths.collectors.juniper import JUNIPER
from amends.paths.collectors.nmap import NMAP
from amends.paths.collectors.scanners import FINDING_LISTS
from amends.paths.collectors.secrets import CLAIMS, SECRETS
from amends.paths.collectors.ssh import AUTHORIZED_KEYS, KNOWN_HOSTS, PRIVATE_KEYS
from amends.paths.collectors.unix import GROUP, PASSWD, SHADOW, SUDOERS

COLLECTORS: tuple[Collector, ...] = (
    NMAP,
    SECRETS,
    CLAIMS,
    AWS,
    HOSTS,
    PRIVATE_KEYS,
    AUTHORIZED_KEYS,
    KNOWN_HOSTS,
    SHADOW,
    PASSWD,
    GROUP,
    IPTABLES,
    JUNIPER,
    CISCO,
    HBA_CONF,
    INVENTORY,
    GRANTS,
    SUDOERS,
    FINDING_LISTS,
)
