"""All dialects of syslog, in the order in which they are tried where several claim a line."""

from __future__ import annotations

from amends.timeline.parsers.dialects.accounts import ACCOUNT_DIALECTS
from amends.timeline.parsers.dialects.appliances import APPLIANCE_DIALECTS
from amends.timeline.parsers.dialects.base import Dialect
from amends.timeline.parsers.dialects.cisco_asa import CISCO_ASA
from amends.timeline.parsers.dialects.cisco_ios import CISCO_IOS
from amends.timeline.parsers.dialects.common import EVENT_FORMAT, PALO_ALTO
from amends.timeline.parsers.dialects.daemons import DAEMON_DIALECTS
from amends.timeline.parsers.dialects.fortinet import FORTINET
from amends.timeline.parsers.dialects.juniper import JUNIPER
from amends.timeline.parsers.dialects.netfilter import KERNEL
from amends.timeline.parsers.dialects.pam import PAM
from amends.timeline.parsers.dialects.remote import REMOTE_DIALECTS
from amends.timeline.parsers.dialects.shadow import SHADOW
from amends.timeline.parsers.dialects.shares import SHARE_DIALECTS
from amends.timeline.parsers.dialects.sshd import SSHD
from amends.timeline.parsers.dialects.vpn import VPN_DIALECTS
from amends.timeline.parsers.dialects.windows_text import WINDOWS_TEXT

DIALECTS: tuple[Dialect, ...] = (
    CISCO_ASA,
    CISCO_IOS,
    JUNIPER,
    SSHD,
    KERNEL,
    *ACCOUNT_DIALECTS,
    SHADOW,
    *DAEMON_DIALECTS,
    *VPN_DIALECTS,
    *SHARE_DIALECTS,
    *REMOTE_DIALECTS,
    *APPLIANCE_DIALECTS,
    WINDOWS_TEXT,
    FORTINET,
    EVENT_FORMAT,
    PALO_ALTO,
    PAM,
)
