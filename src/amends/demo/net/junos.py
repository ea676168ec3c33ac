"""What an edge router of Juniper shows for ``show configuration``, with places to fill in."""

RETRY = """        retry-options {
            tries-before-disconnect 3;
            lockout-period 10;
        }
"""
TERM = """            term in-{number} {{
                from {{
                    destination-address {{
                        {ip}/32;
                    }}
                    protocol tcp;
                    destination-port {port};
                }}
                then accept;
            }}
"""
JUNOS = """## Last commit: {on} 03:12:44 UTC by {user}
version 21.4R3;
system {{
    host-name {name};
    login {{
{retry}        user {user} {{
            uid 2001;
            class super-user;
            authentication {{
                encrypted-password "$6$k7pQ2m$Vb0uCw1X9"; ## SECRET-DATA
            }}
        }}
    }}
    services {{
        ssh;
    }}
    syslog {{
        host {collector} {{
            any info;
        }}
    }}
}}
interfaces {{
    ge-0/0/0 {{
        description internet;
        unit 0 {{
            family inet {{
                filter {{
                    input OUTSIDE-IN;
                }}
                address {outside}/24;
            }}
        }}
    }}
    ge-0/0/1 {{
        description edge;
        unit 0 {{
            family inet {{
                address {inside}/24;
            }}
        }}
    }}
}}
routing-options {{
    static {{
{routes}    }}
}}
firewall {{
    family inet {{
        filter OUTSIDE-IN {{
            term established {{
                from {{
                    protocol tcp;
                    tcp-established;
                }}
                then accept;
            }}
{terms}            term rest {{
                then {{
                    syslog;
                    discard;
                }}
            }}
        }}
    }}
}}
"""
