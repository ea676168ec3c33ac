# ruff: noqa: E501  (a shape reads best on one line)
"""Ways in from afar: OpenVPN, strongSwan and Libreswan, FreeRADIUS, TACACS+, PPP.

Source: OpenVPN's ``multi.c`` and ``ssl_verify.c``; strongSwan's IKE messages; FreeRADIUS ``radius.log``; ``tac_plus(8)`` accounting.
"""

from __future__ import annotations

from amends.timeline.parsers.dialects.base import Dialect, Shape, by_shapes
from amends.timeline.parsers.dialects.commands import by_command
from amends.timeline.parsers.dialects.remote import EAP_GOOD, OPENVPN_FAILED

_VPN = {"logon_type": "vpn"}
_PEER = r"(?:(?P<account>[^\s/]+)/)?(?:\[AF_INET6?\])?(?P<src_ip>[\d.]+|\[?[\da-fA-F:]+\]?):(?P<src_port>\d+)"
_ADDRESS = r"(?P<src_ip>[\d.]+):(?P<src_port>\d+)"

OPENVPN_SHAPES = (
    Shape(
        "",
        rf"^(?:[^\s/]+/)?{_ADDRESS} \[(?P<account>[^\]]*)\] Peer Connection Initiated with",
        "login",
        "login",
        "success",
        _VPN,
    ),
    Shape(
        "",
        rf"^{_ADDRESS} TLS: Username/Password authentication succeeded for username '(?P<account>[^']*)'",
        "other",
        "other",
        "success",
        _VPN,
    ),
    Shape(
        "",
        rf"^{_PEER} (?:TLS Auth Error: Auth Username/Password verification failed for peer|PLUGIN_CALL: .*status 1|AUTH: Received control message: AUTH_FAILED)",
        "login",
        "login",
        "failure",
        _VPN,
    ),
    Shape(
        "",
        rf"^{_PEER} (?:VERIFY ERROR|TLS Error|TLS_ERROR)[: ](?P<x_reason>.*)$",
        "connection",
        "deny",
        "failure",
        _VPN,
    ),
    Shape(
        "",
        rf"^{_PEER} MULTI(?:_sva|: primary virtual IP for \S+)?: (?:pool returned IPv4=)?(?P<dst_ip>[\d.]+)",
        "connection",
        "assign",
        "success",
        _VPN,
    ),
    Shape(
        "",
        rf"^{_PEER} MULTI: Learn: (?P<dst_ip>[\d.]+) -> ",
        "connection",
        "assign",
        "success",
        _VPN,
    ),
    Shape(
        "",
        rf"^{_PEER} (?:SIG\w+\[[^\]]*\] received|Connection reset|\[[^\]]*\] Inactivity timeout)",
        "logout",
        "logout",
        "",
        _VPN,
    ),
    Shape(
        "",
        rf"^(?:TCP connection established with|TLS: Initial packet from) (?:\[AF_INET6?\])?{_ADDRESS}",
        "connection",
        "open",
        "",
        _VPN,
    ),
    Shape("", rf"^{_ADDRESS} TLS: Initial packet from", "connection", "open", "", _VPN),
    Shape(
        "Initialization",
        r"^Initialization Sequence Completed",
        "service",
        "start",
        "success",
        {"object": "openvpn", "object_kind": "service"},
    ),
)
_IKE = r"^(?:\d+\[[A-Z]+\] )?(?:<[^>]*> )?"
_IKE_SHAPES = (
    Shape(
        "",
        _IKE
        + r"IKE_SA (?P<session>\S+) established between (?P<dst_ip>[\d.:a-fA-F]+)\[[^\]]*\]\.\.\.(?P<src_ip>[\d.:a-fA-F]+)\[(?P<account>[^\]]*)\]",
        "login",
        "login",
        "success",
        _VPN,
    ),
    Shape(
        "",
        _IKE
        + r"deleting IKE_SA (?P<session>\S+) between (?P<dst_ip>[\d.:a-fA-F]+)\[[^\]]*\]\.\.\.(?P<src_ip>[\d.:a-fA-F]+)\[(?P<account>[^\]]*)\]",
        "logout",
        "logout",
        "",
        _VPN,
    ),
    Shape(
        "",
        _IKE + r"assigning virtual IP (?P<dst_ip>[\d.:a-fA-F]+) to peer '(?P<account>[^']*)'",
        "connection",
        "assign",
        "success",
        _VPN,
    ),
    Shape("", _IKE + r"(?P<src_ip>[\d.]+) is initiating an? ", "connection", "open", "", _VPN),
    Shape(
        "",
        _IKE + r"authentication of '(?P<account>[^']*)'.* failed",
        "login",
        "login",
        "failure",
        _VPN,
    ),
    Shape(
        "",
        _IKE
        + r"(?:EAP method \S+ failed for peer|XAuth authentication of) '?(?P<account>[^'\s]+)'?(?: failed)?",
        "login",
        "login",
        "failure",
        _VPN,
    ),
)
RADIUS_SHAPES = (
    Shape(
        "",
        r"^(?:: )?(?:Auth: )?(?:\(\d+\) +)?Login OK: \[(?P<account>[^\]/]+)[^\]]*\] \(from client (?P<x_client>\S+) port (?P<x_port>\S+?)(?: cli (?P<src_ip>[\d.:a-fA-F]+))?",
        "login",
        "login",
        "success",
        {"code": "login_ok", "logon_type": "radius"},
    ),
    Shape(
        "",
        r"^(?:: )?(?:Auth: )?(?:\(\d+\) +)?(?:Login incorrect|Invalid user)(?: \((?P<x_reason>.*?)\))?: \[(?P<account>[^\]/]*)[^\]]*\] \(from client (?P<x_client>\S+) port (?P<x_port>\S+?)(?: cli (?P<src_ip>[\d.:a-fA-F]+))?",
        "login",
        "login",
        "failure",
        {"code": "login_incorrect", "logon_type": "radius"},
    ),
)
_TACACS_SHAPES = (
    Shape(
        "",
        r"^(?:\S+ )?(?:shell |enable )?login (?:query for|for) '?(?P<account>[^'\s]+)'? (?:port )?\S* from (?P<src_ip>\S+) (?:accepted|succeeded)",
        "login",
        "login",
        "success",
    ),
    Shape(
        "",
        r"^(?:\S+ )?(?:shell |enable )?login (?:query for|failure:|for) '?(?P<account>[^'\s]+)'?.* (?P<src_ip>[\d.]+).*(?:rejected|failed)",
        "login",
        "login",
        "failure",
    ),
    Shape(
        "",
        r"^(?P<host>\S+)[\t ]+(?P<account>\S+)[\t ]+(?P<session>\S+)[\t ]+(?P<src_ip>\S+)[\t ]+(?:stop|start)[\t ].*\bcmd=(?P<command>.*?)(?: <cr>)?$",
        "config",
        "change",
        "success",
    ),
    Shape(
        "",
        r"^(?P<host>\S+)[\t ]+(?P<account>\S+)[\t ]+(?P<session>\S+)[\t ]+(?P<src_ip>\S+)[\t ]+start[\t ].*service=shell",
        "login",
        "login",
        "success",
    ),
    Shape(
        "",
        r"^(?P<host>\S+)[\t ]+(?P<account>\S+)[\t ]+(?P<session>\S+)[\t ]+(?P<src_ip>\S+)[\t ]+stop[\t ].*service=shell",
        "logout",
        "logout",
        "success",
    ),
)

TACACS_SHAPES = _TACACS_SHAPES
VPN_DIALECTS = (
    Dialect(
        "openvpn",
        by_shapes((*OPENVPN_FAILED, *OPENVPN_SHAPES)),
        frozenset({"openvpn", "ovpn-server", "openvpn-server", "ovpn-openvpn", "ovpn"}),
    ),
    Dialect(
        "ipsec",
        by_shapes((*EAP_GOOD, *_IKE_SHAPES)),
        frozenset({"charon", "charon-systemd", "pluto", "ipsec", "strongswan"}),
    ),
    Dialect("radius", by_shapes(RADIUS_SHAPES), frozenset({"radiusd", "freeradius"})),
    Dialect(
        "tacacs",
        by_shapes(_TACACS_SHAPES, by_command),
        frozenset({"tac_plus", "tac_plus-ng", "tacacs", "tacplus"}),
    ),
)
