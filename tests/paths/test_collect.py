# ruff: noqa: E501  (a case of a table, and a configuration, read best on one line)
"""What each kind of input says: the right, the near miss, the empty, the hostile."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.paths.collect import collect
from amends.paths.collectors.cisco_logins import read_type7
from amends.paths.shapes import KINDS, Network


def read(files: dict[str, str | bytes], on: str = "", key: bytes = b"") -> Network:
    return collect(
        (
            (name, io.BytesIO(body if isinstance(body, bytes) else body.encode()))
            for name, body in files.items()
        ),
        on,
        key,
    )


def keys(network: Network, kind: str) -> set[tuple[str, str]]:
    return {(fact.source, fact.target) for fact in network.facts if fact.kind == kind}


ASSETS = "asset,ip,zone,role\nedge,203.0.113.1,edge,router\nvpn1,203.0.113.9,dmz,vpn\njump1,10.1.0.9,dmz,jump\ndb1,10.2.0.7,dc,database\n"
SERVICES = (
    "asset,port,service,auth,mfa,lockout,product,cve\n"
    "vpn1,443,https,password,no,no,,\njump1,22,ssh,password,no,yes,,\ndb1,5432,postgres,password,no,yes,,\n"
)
STORES = "store,asset,port,persons,elements\ncrm,db1,5432,54000000,name ssn\n"

# the company's lists ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("asset,port,auth,mfa,lockout\na,22,password,no,no\n", "weak_auth", {("service:a:22/tcp", "")}),
        ("asset,port,auth,mfa,lockout\na,22,password,no,yes\n", "weak_auth", set()),
        ("asset,port,auth,mfa,lockout\na,22,password,yes,no\n", "weak_auth", set()),
        ("asset,port,auth,mfa,lockout\na,22,publickey,no,no\n", "weak_auth", set()),
        ("asset,port,auth\na,22,password\n", "weak_auth", set()),
        ("asset,port,auth,mfa,lockout\na,22,none,no,no\n", "no_auth", {("service:a:22/tcp", "")}),
        ("asset,port,auth,mfa,lockout\na,22,none,no,no\n", "weak_auth", set()),
        ("Host;Port;Auth;MFA;Lockout\r\na;22/tcp;password;No;FALSE\r\n", "weak_auth", {("service:a:22/tcp", "")}),
        ("hostname\tport\tauthentication\t2FA\tlock_out\na\t22\tpassword\tno\tno\n", "weak_auth", {("service:a:22/tcp", "")}),
        ("asset,port,protocol,auth\na,53,udp,\n", "hosts", {("asset:a", "service:a:53/udp")}),
        ("asset,port\na,161\n", "hosts", {("asset:a", "service:a:161/udp")}),
        ("asset,port\na,99999\na,x\n,22\n", "hosts", set()),
        ("asset,ip,zone\na,10.0.0.1,DMZ\n", "in_zone", {("asset:a", "zone:dmz")}),
        ("identity,store,privilege\nbob,crm,SELECT\n", "reads", {("identity:bob", "store:crm")}),
        ("identity,store,privilege\nbob,crm,INSERT\nann,crm,connect\n", "reads", set()),
        ("store,asset,port,persons\ncrm,db1,5432,12\n", "hosts", {("asset:db1", "store:crm"), ("asset:db1", "service:db1:5432/tcp")}),
    ],
)  # fmt: skip
def test_a_list_says(text: str, kind: str, expected: set[tuple[str, str]]) -> None:
    assert keys(read({"list.csv": text}), kind) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_a_list_is_read_in_any_encoding(encoding: str) -> None:
    text = "asset,ip,zone,owner\nzür1,10.0.0.1,dmz,Müller\n"
    network = read({"a.csv": text.encode(encoding)})
    assert ("asset:zür1", "zone:dmz") in keys(network, "in_zone")


def test_a_hole_counts_only_when_the_list_of_exploited_ones_names_it() -> None:
    services = "asset,port,cve\na,443,CVE-2021-41773\nb,443,CVE-2020-0001\n"
    kev = "cveID,vendorProject,product,vulnerabilityName,dateAdded\nCVE-2021-41773,Apache,HTTP Server,x,2021-11-03\n"
    epss = "#model_version:v2023\ncve,epss,percentile\nCVE-2021-41773,0.97,0.99\n"
    network = read({"services.csv": services, "kev.csv": kev, "epss.csv": epss})
    (fact,) = [f for f in network.facts if f.kind == "known_exploited"]
    assert fact.source == "service:a:443/tcp"
    assert dict(fact.detail) == {"cve": "CVE-2021-41773", "epss": "0.97"}
    assert not keys(read({"services.csv": services}), "known_exploited")


def test_a_store_has_its_persons_and_elements() -> None:
    (store,) = read({"stores.csv": STORES}).stores
    assert (store.store, store.persons, store.elements) == ("crm", 54_000_000, ("name", "ssn"))


# credentials -----------------------------------------------------------------------------------

PRINT = hashlib.sha256(b"correct horse").hexdigest()


def finding(**words: object) -> str:
    row = {
        "RuleID": "generic",
        "File": "/opt/run.sh",
        "Host": "jump1",
        "Fingerprint": PRINT,
        "Identity": "svc",
        "Target": "db1:5432",
    }
    return json.dumps([{**row, **words}])


def accounts(fingerprint: str) -> str:
    return f"identity,asset,port,secret_fingerprint\nsvc,db1,5432,{fingerprint}\n"


@pytest.mark.parametrize(
    ("files", "opens"),
    [
        ({"f.json": finding(), "accounts.csv": accounts(PRINT)}, True),
        ({"f.json": finding(), "accounts.csv": accounts("SHA256:" + PRINT.upper())}, True),
        ({"f.json": finding(), "accounts.csv": accounts("0" * 64)}, False),
        ({"f.json": finding(), "accounts.csv": accounts("")}, True),
        ({"f.json": finding(), "accounts.csv": "identity,asset,port,secret_fingerprint\nother,db1,5432,00\n"}, False),
        ({"f.json": finding()}, True),
        ({"f.json": finding(Fingerprint="", Secret="correct horse"), "accounts.csv": accounts(PRINT)}, True),
        ({"f.json": finding(Fingerprint="c0ffee:run.sh:generic:7", Secret="correct horse"), "accounts.csv": accounts(PRINT)}, True),
        ({"f.json": finding(Target=""), "accounts.csv": accounts(PRINT)}, True),
    ],
)  # fmt: skip
def test_a_found_credential_opens_its_target_only_while_it_is_the_current_one(
    files: dict[str, str], opens: bool
) -> None:
    network = read({"assets.csv": ASSETS, "services.csv": SERVICES, **files})
    assert keys(network, "stored_on") == {(f"credential:{PRINT}", "asset:jump1")}
    assert keys(network, "opens") == (
        {(f"credential:{PRINT}", "service:db1:5432/tcp")} if opens else set()
    )
    assert bool(keys(network, "belongs_to")) == opens


def test_no_secret_leaves_in_clear() -> None:
    lines = json.dumps({"DetectorName": "AWS", "Raw": "AKIAsupersecret", "Verified": True, "Host": "jump1",
                        "SourceMetadata": {"Data": {"Filesystem": {"file": "/srv/x.env"}}}}) + "\n"  # fmt: skip
    config = "hostname r1\nenable password hunter2\nusername ops password 7 02050D480809\nsnmp-server community s3cr3tRW RW\n"
    network = read(
        {
            "t.jsonl": lines * 2,
            "r1.cfg": config,
            "f.json": finding(Fingerprint="", Secret="correct horse"),
        }
    )
    told = repr(network)
    for secret in (
        "AKIAsupersecret",
        "hunter2",
        "02050D480809",
        "cisco",
        "s3cr3tRW",
        "correct horse",
    ):
        assert secret not in told.replace("type", "")
    assert (f"credential:{hashlib.sha256(b'AKIAsupersecret').hexdigest()}", "asset:jump1") in keys(
        network, "stored_on"
    )
    assert (f"credential:{hashlib.sha256(b'hunter2').hexdigest()}", "asset:r1") in keys(
        network, "stored_on"
    )


def test_with_a_key_a_credential_cannot_be_guessed_from_its_name() -> None:
    network = read(
        {"f.json": finding(), "assets.csv": ASSETS, "accounts.csv": accounts(PRINT)}, key=b"k" * 32
    )
    assert PRINT not in repr([f.source for f in network.facts])
    assert keys(network, "opens")


def test_type_7_is_read() -> None:
    assert read_type7("02050D480809") == "cisco"
    assert read_type7("99FF") is None
    assert read_type7("zz") is None


def test_detect_secrets_and_unknown_hosts() -> None:
    baseline = {"version": "1.4.0", "plugins_used": [], "results": {"jump1/opt/a.py": [{"type": "Secret Keyword",
                "filename": "jump1/opt/a.py", "hashed_secret": "AB12", "line_number": 3}]}}  # fmt: skip
    network = read({"assets.csv": ASSETS, ".secrets.baseline": json.dumps(baseline)})
    assert keys(network, "stored_on") == {("credential:sha1:ab12", "asset:jump1")}
    lost = read({"f.json": finding(Host="", File="somewhere.txt")})
    assert [r.reason for r in lost.rejects] == ["unknown_host"]


def test_claims_close_nothing_and_keep_who_said_what() -> None:
    claims = [
        {
            "who": "J. Doe",
            "on": "2026-08-20",
            "claim": "vpn has MFA now",
            "asset": "vpn1",
            "port": 443,
        },
        "all is well",
    ]
    network = read({"claims.json": json.dumps(claims), "services.csv": SERVICES})
    assert network.claims[0]["who"] == "J. Doe"
    assert network.claims[0]["source"] == "service:vpn1:443/tcp"
    assert network.claims[1]["words"] == "all is well"
    assert ("service:vpn1:443/tcp", "") in keys(network, "weak_auth")


# keys, accounts, databases ---------------------------------------------------------------------

BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(range(32))).decode()
SSH_PRINT = "SHA256:" + base64.b64encode(
    hashlib.sha256(base64.b64decode(BLOB)).digest()
).decode().rstrip("=")


def private_key(cipher: bytes = b"none") -> str:
    def packed(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    body = (
        b"openssh-key-v1\0"
        + packed(cipher, b"none", b"")
        + b"\0\0\0\1"
        + packed(base64.b64decode(BLOB), b"x" * 64)
    )
    return (
        "-----BEGIN OPENSSH PRIVATE KEY-----\n"
        + base64.encodebytes(body).decode()
        + "-----END OPENSSH PRIVATE KEY-----\n"
    )


def test_a_private_key_on_one_host_opens_another_that_trusts_it() -> None:
    files = {"assets.csv": ASSETS, "jump1/home/ops/.ssh/id_ed25519": private_key(),
             "db1/home/deploy/.ssh/authorized_keys": f'from="10.0.0.0/8" ssh-ed25519 {BLOB} ops@jump1\n'}  # fmt: skip
    network = read(files)
    assert keys(network, "stored_on") == {(f"credential:{SSH_PRINT}", "asset:jump1")}
    assert keys(network, "opens") == {(f"credential:{SSH_PRINT}", "service:db1:22/tcp")}
    files["jump1/home/ops/.ssh/id_ed25519"] = private_key(b"aes256-ctr")
    assert not keys(read(files), "stored_on")


def test_sudoers_and_groups_name_administrators() -> None:
    network = read({
        "jump1/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n",
        "jump1/etc/group": "root:x:0:\nsudo:x:27:ann,bob\n",
        "jump1/etc/sudoers": "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n"
        "web ALL=(root) NOPASSWD: /usr/bin/systemctl restart web\nbak ALL=(root) NOPASSWD: /usr/bin/find\n",
        "jump1/etc/shadow": "root:!:19000:0:99999:7:::\nann:$6$abc$def:19000:0:99999:7:::\n",
    })  # fmt: skip
    assert {source for source, _ in keys(network, "admin_of")} == {
        "identity:ann",
        "identity:bob",
        "identity:toor",
        "identity:bak",
    }
    assert "$6$" not in repr(network)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Grants for svc@%\nGRANT SELECT, INSERT ON `crm`.* TO `svc`@`10.%`\n", {("identity:svc", "store:crm")}),
        ("GRANT INSERT ON `crm`.`t` TO 'svc'@'%'\n", set()),
        ("GRANT ALL PRIVILEGES ON *.* TO 'root'@'localhost' WITH GRANT OPTION;\n", {("identity:root", "store:crm")}),
        (" Role name | Attributes\n-----------+-----------\n postgres  | Superuser, Create role\n app       |\n", {("identity:postgres", "store:crm")}),
        (" Schema | Name | Type | Access privileges | Column\n public | people | table | app=arwd/owner +\n | | | ro=a/owner |\n", {("identity:app", "store:crm")}),
    ],
)  # fmt: skip
def test_database_grants_say_who_reads(text: str, expected: set[tuple[str, str]]) -> None:
    network = read({"assets.csv": ASSETS, "stores.csv": STORES, "db1/grants.txt": text})
    assert keys(network, "reads") == expected


def test_pg_hba_narrows_who_gets_in_and_shows_who_is_not_asked() -> None:
    hba = "# TYPE DATABASE USER ADDRESS METHOD\nlocal all all peer\nhost all all 10.1.0.9/32 trust\nhost all all 10.1.0.0/24 scram-sha-256\n"
    network = read({"assets.csv": ASSETS, "services.csv": SERVICES, "db1/pg_hba.conf": hba})
    assert keys(network, "trusts") == {("asset:jump1", "asset:db1")}
    everybody = read(
        {
            "assets.csv": ASSETS,
            "services.csv": SERVICES,
            "db1/pg_hba.conf": "host all all 0.0.0.0/0 trust\n",
        }
    )
    assert keys(everybody, "no_auth") == {("service:db1:5432/tcp", "")}


# devices' own doors ----------------------------------------------------------------------------

DEVICE = "hostname r1\ninterface e0\n description internet\n ip address 203.0.113.1 255.255.255.0\n"


@pytest.mark.parametrize(
    ("lines", "kind", "expected"),
    [
        ("line vty 0 4\n login local\n transport input ssh\n", "weak_auth", {"service:r1:22/tcp"}),
        ("login block-for 100 attempts 3 within 60\nline vty 0 4\n login local\n transport input ssh\n", "weak_auth", set()),
        ("line vty 0 4\n no login\n transport input telnet\n", "no_auth", {"service:r1:23/tcp"}),
        ("line vty 0 4\n login\n transport input telnet\n", "exposes_login", set()),
        ("line vty 0 4\n password 7 02050D480809\n login\n transport input telnet\n", "weak_auth", {"service:r1:23/tcp"}),
        ("aaa new-model\naaa authentication login default group tacacs+ local\nline vty 0 4\n transport input ssh\n", "weak_auth", set()),
        ("line vty 0 4\n transport input none\n", "hosts", set()),
        ("ip http server\n", "weak_auth", {"service:r1:80/tcp"}),
        ("no ip http server\n", "hosts", set()),
        ("snmp-server community public RO\n", "weak_auth", set()),
        ("snmp-server community private RW\n", "weak_auth", {"service:r1:161/udp"}),
    ],
)  # fmt: skip
def test_a_router_shows_its_own_doors(lines: str, kind: str, expected: set[str]) -> None:
    assert {
        source if kind != "hosts" else target
        for source, target in keys(read({"r1.cfg": DEVICE + lines}), kind)
    } == expected


def test_an_access_class_stands_before_the_lines_it_is_on_only() -> None:
    lines = "line vty 0 4\n access-class 5 in\n login local\n transport input ssh\n{0}access-list 5 permit 10.0.0.0 0.255.255.255\n"
    shut = read({"r1.cfg": DEVICE + lines.format("")})
    assert ("zone:internet", "service:r1:22/tcp") not in keys(shut, "reach")
    also = "line vty 5 15\n login local\n transport input ssh\n"
    assert ("zone:internet", "service:r1:22/tcp") in keys(
        read({"r1.cfg": DEVICE + lines.format(also)}), "reach"
    )


def test_an_asa_lets_higher_levels_out_and_keeps_lower_ones_out_and_shows_translated_hosts() -> (
    None
):
    asa = ("ASA Version 9.12(4)\nhostname fw\ninterface Gi0/0\n nameif outside\n security-level 0\n ip address 203.0.113.1 255.255.255.0\n"
           "interface Gi0/1\n nameif dmz\n security-level 50\n ip address 10.1.0.1 255.255.255.0\n"
           "interface Gi0/2\n nameif dc\n security-level 100\n ip address 10.2.0.1 255.255.255.0\n"
           "object network JUMP\n host 10.1.0.9\n nat (dmz,outside) static 203.0.113.77\n{0}")  # fmt: skip
    files = {"assets.csv": ASSETS, "services.csv": SERVICES}
    closed = keys(read({**files, "fw.cfg": asa.format("")}), "reach")
    assert ("zone:dc", "service:jump1:22/tcp") in closed
    assert ("zone:dmz", "service:db1:5432/tcp") not in closed
    assert ("zone:internet", "service:jump1:22/tcp") not in closed
    lists = ("object-group service MGMT tcp\n port-object eq ssh\naccess-list OUT extended permit tcp any4 object JUMP object-group MGMT log\n"
             "access-group OUT in interface outside\n")  # fmt: skip
    opened = keys(read({**files, "fw.cfg": asa.format(lists)}), "reach")
    assert ("zone:internet", "service:jump1:22/tcp") in opened
    assert ("zone:internet", "service:db1:5432/tcp") not in opened


def test_a_translated_port_of_a_router_is_reached_under_its_outside_port() -> None:
    text = (DEVICE + " ip access-group 101 in\ninterface e1\n description dmz\n ip address 10.1.0.1 255.255.255.0\n"
            "ip nat inside source static tcp 10.1.0.9 22 203.0.113.1 2222\naccess-list 101 permit tcp any host 203.0.113.1 eq {0}\n")  # fmt: skip
    files = {"assets.csv": ASSETS, "services.csv": SERVICES}
    assert ("zone:internet", "service:jump1:22/tcp") in keys(
        read({**files, "r1.cfg": text.format(2222)}), "reach"
    )
    assert ("zone:internet", "service:jump1:22/tcp") not in keys(
        read({**files, "r1.cfg": text.format(22)}), "reach"
    )


JUNOS = """version 20.4R1;
system {{ host-name srx1; services {{ ssh; }} }}
interfaces {{
    ge-0/0/0 {{ unit 0 {{ description internet; family inet {{ filter {{ input EDGE; }} address 203.0.113.1/24; }} }} }}
    ge-0/0/1 {{ unit 0 {{ description dmz; family inet {{ address 10.1.0.1/24; }} }} }}
    ge-0/0/2 {{ unit 0 {{ description dc; family inet {{ address 10.2.0.1/24; }} }} }}
}}
firewall {{ family inet {{ filter EDGE {{
    term old {{ from {{ protocol tcp; tcp-established; }} then accept; }}
    term in {{ from {{ protocol tcp; destination-port [ ssh 443 ]; }} then accept; }}
}} }} }}
{0}
"""
POLICIES = """security {
    zones {
        security-zone untrust { interfaces { ge-0/0/0.0; } }
        security-zone dmz { interfaces { ge-0/0/1.0; } host-inbound-traffic { system-services { ssh; } } }
        security-zone trust { interfaces { ge-0/0/2.0; } }
    }
    policies { from-zone untrust to-zone dmz {
        policy in { match { source-address any; destination-address any; application junos-ssh; } then { permit; } }
    } }
}"""


@pytest.mark.parametrize("as_set", [False, True])
def test_juniper_filters_and_policies_both_count(as_set: bool) -> None:
    from amends.paths.collectors.base import Input
    from amends.paths.collectors.juniper import paths

    files = {"assets.csv": ASSETS, "services.csv": SERVICES}

    def form(text: str) -> str:
        lines = [path for _, path in paths(Input("x", text.encode(), text))]
        return (
            "\n".join(
                "set " + " ".join(f'"{w}"' if " " in w else w for w in path) for path in lines
            )
            if as_set
            else text
        )

    bare = keys(read({**files, "srx1.conf": form(JUNOS.format(""))}), "reach")
    assert ("zone:internet", "service:jump1:22/tcp") in bare
    assert ("zone:internet", "service:db1:5432/tcp") not in bare
    assert ("zone:dmz", "service:db1:5432/tcp") in bare
    assert ("zone:internet", "service:srx1:22/tcp") in bare
    zoned = keys(read({**files, "srx1.conf": form(JUNOS.format(POLICIES))}), "reach")
    assert ("zone:internet", "service:jump1:22/tcp") in zoned
    assert ("zone:dmz", "service:db1:5432/tcp") not in zoned
    assert ("zone:internet", "service:srx1:22/tcp") not in zoned
    assert ("zone:dmz", "service:srx1:22/tcp") in zoned


# a cloud ---------------------------------------------------------------------------------------


def subnet(name: str, cidr: str) -> dict[str, object]:
    return {
        "SubnetId": name,
        "VpcId": "vpc-1",
        "CidrBlock": cidr,
        "Tags": [{"Key": "Name", "Value": name}],
    }


def machine(name: str, ip: str, where: str, group: str, **more: object) -> dict[str, object]:
    return {"InstanceId": f"i-{name}", "PrivateIpAddress": ip, "SubnetId": where, "VpcId": "vpc-1",
            "SecurityGroups": [{"GroupId": group}], "Tags": [{"Key": "Name", "Value": name}], **more}  # fmt: skip


def opening(port: int, **source: object) -> dict[str, object]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}


def aws(
    resource: str = "arn:aws:s3:::cust*", action: str = "s3:Get*", public: bool = True
) -> Network:
    everybody = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    address = {"PublicIpAddress": "198.51.100.3"} if public else {}
    role = {
        "IamInstanceProfile": {"Arn": "arn:aws:iam::1:instance-profile/waf"},
        "MetadataOptions": {"HttpTokens": "optional"},
    }
    answers: dict[str, dict[str, object]] = {
        "subnets": {"Subnets": [subnet("public", "10.0.1.0/24"), subnet("private", "10.0.2.0/24")]},
        "routes": {"RouteTables": [
            {"VpcId": "vpc-1", "Associations": [{"SubnetId": "public"}], "Routes": [{"GatewayId": "igw-1"}]},
            {"VpcId": "vpc-1", "Associations": [{"Main": True}], "Routes": [{"GatewayId": "local"}]},
        ]},
        "groups": {"SecurityGroups": [
            {"GroupId": "sg-web", "IpPermissions": [opening(8080, **everybody)]},
            {"GroupId": "sg-db", "IpPermissions": [opening(5432, UserIdGroupPairs=[{"GroupId": "sg-web"}])]},
        ]},
        "instances": {"Reservations": [{"Instances": [
            machine("proxy", "10.0.1.5", "public", "sg-web", **address, **role),
            machine("worker", "10.0.2.9", "private", "sg-web"),
            machine("other", "10.0.2.10", "private", "sg-db"),
        ]}]},
        "databases": {"DBInstances": [{"DBInstanceIdentifier": "crm", "Engine": "postgres", "Endpoint": {"Port": 5432},
                      "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-db"}], "PubliclyAccessible": True,
                      "DBSubnetGroup": {"VpcId": "vpc-1", "Subnets": [{"SubnetIdentifier": "private"}]}}]},
        "buckets": {"Buckets": [{"Name": "customers"}, {"Name": "logs"}]},
        "rights": {"RoleDetailList": [{"RoleName": "waf-role", "InstanceProfileList": [{"InstanceProfileName": "waf"}],
                   "RolePolicyList": [{"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": action, "Resource": resource}}}]}]},
    }  # fmt: skip
    return read({f"aws/{name}.json": json.dumps(body) for name, body in answers.items()})


def test_a_cloud_proxy_leads_over_its_role_to_the_buckets_it_may_read() -> None:
    network = aws()
    reach = keys(network, "reach")
    assert ("zone:internet", "service:proxy:8080/tcp") in reach
    assert ("zone:internet", "service:worker:8080/tcp") not in reach
    assert {source for source, target in reach if target == "service:crm:5432/tcp"} == {
        "asset:proxy",
        "asset:worker",
    }
    ((credential, place),) = keys(network, "stored_on")
    assert (place, keys(network, "belongs_to")) == (
        "asset:proxy",
        {(credential, "identity:waf-role")},
    )
    assert keys(network, "reads") == {("identity:waf-role", "store:customers")}
    assert {store.store for store in network.stores} == {"crm", "customers", "logs"}


def test_without_a_public_address_or_a_right_the_cloud_is_closed() -> None:
    assert ("zone:internet", "service:proxy:8080/tcp") not in keys(aws(public=False), "reach")
    assert not keys(aws(action="s3:PutObject"), "reads")
    assert len(keys(aws(resource="*", action="*"), "reads")) == 3


# scans -----------------------------------------------------------------------------------------

SCAN = """<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun scanner="nmap" start="1629331200" args="nmap -p 1-1000">
<scaninfo type="syn" protocol="tcp" services="1-1000"/>
<host><status state="up"/><address addr="203.0.113.9" addrtype="ipv4"/><hostnames><hostname name="vpn1.example" type="PTR"/></hostnames>
<ports><extraports state="filtered" count="998"/><port protocol="tcp" portid="443"><state state="{0}"/><service name="https" product="SSL VPN"/>
<script id="vulners" output="CVE-2021-41773 9.8"/></port></ports></host></nmaprun>"""


@pytest.mark.parametrize(
    ("name", "state", "source"),
    [
        ("internet.xml", "open", "zone:internet"),
        ("scans/2021-08-19/inside-dmz.xml", "open", "zone:dmz"),
        ("inside-dmz-2021-08-19.xml", "open", "zone:dmz"),
        ("internet.xml", "filtered", ""),
        ("internet.xml", "closed", ""),
        ("internet.xml", "open|filtered", ""),
        ("office-scan.xml", "open", ""),
    ],
)
def test_a_scan_says_who_reaches_what_from_where_it_was_made(
    name: str, state: str, source: str
) -> None:
    network = read({"assets.csv": ASSETS, "zones/kept": "", name: SCAN.format(state)})
    got = {s for s, t in keys(network, "reach") if t == "service:vpn1:443/tcp"} - {"zone:dmz"}
    assert got == {source} - {"zone:dmz", ""}


def test_what_was_scanned_and_not_open_proves_a_closure() -> None:
    network = read(
        {"assets.csv": ASSETS, "services.csv": SERVICES, "internet.xml": SCAN.format("filtered")}
    )
    assert ("scan:internet", "service:vpn1:443/tcp") in network.looked_at
    assert ("scan:internet", "service:jump1:22/tcp") not in network.looked_at
    seen = read(
        {"assets.csv": ASSETS, "services.csv": SERVICES, "internet.xml": SCAN.format("open")}
    )
    (fact,) = [f for f in seen.facts if f.kind == "reach" and f.source == "zone:internet"]
    assert fact.looks == (("scan:internet", "service:vpn1:443/tcp"),)
    assert fact.on == "2021-08-19"


def test_a_hole_a_scan_found_counts_when_it_is_exploited() -> None:
    kev = "cveID,vendorProject\nCVE-2021-41773,Apache\n"
    network = read({"assets.csv": ASSETS, "kev.csv": kev, "internet.xml": SCAN.format("open")})
    assert keys(network, "known_exploited") == {("service:vpn1:443/tcp", "")}


# hostile input ---------------------------------------------------------------------------------

BOMB = '<?xml version="1.0"?><!DOCTYPE nmaprun [<!ENTITY a "' + "x" * 1000 + '">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8)
) + ']><nmaprun scanner="nmap"><host><address addr="&i;"/></host></nmaprun>'  # fmt: skip
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE nmaprun [<!ENTITY e SYSTEM "file:///etc/passwd">]><nmaprun scanner="nmap"><host>&e;</host></nmaprun>'


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("internet.xml", BOMB),
        ("internet.xml", OUTSIDE),
        ("internet.xml", SCAN[:300]),
        ("internet.xml", "<nmaprun"),
        ("x.bin", bytes(range(256)) * 40),
        ("x.cfg", "hostname r1\n" + "a" * 200_000 + "\n"),
        ("x.json", "[" * 100_000),
        ("x.json", '[{"RuleID": 1}, 7, null]'),
        ("x.csv", 'asset,port\n"a,22\n'),
        ("empty.csv", ""),
        ("r1.cfg", "hostname r1\nip access-list extended X\n permit tcp any any eq martian\n frobnicate any\n"),
        ("r1.cfg", "hostname r1\nobject-group network A\n group-object B\nobject-group network B\n group-object A\n"
                   "ip access-list extended X\n permit tcp object-group A any\n"),
        ("fw.iptables", "*filter\n:INPUT DROP [0:0]\n-A INPUT -m geoip --src-cc DE -j ACCEPT\n-A INPUT \"unclosed\nCOMMIT\n"),
        ("s.conf", "system { host-name x;\ninterfaces { ge-0/0/0 { unit 0 { family inet { address 999.1.1.1/24; } } }\n"),
        ("unknown.txt", "just some words\nof no format\n"),
    ],
)  # fmt: skip
def test_bad_input_is_a_reject_with_a_place_and_a_remedy(name: str, body: str | bytes) -> None:
    network = read({"assets.csv": ASSETS, name: body})
    assert keys(network, "in_zone")
    assert network.rejects, name
    for reject in network.rejects:
        assert reject.place and reject.reason and reject.remedy
    assert "root:x" not in repr(network)


@pytest.mark.parametrize(
    "body",
    ["\n" * 200_000 + "x", (" " * 50 + "\n") * 4000 + "x", "-----BEGIN RSA PRIVATE KEY-----" * 5000, "GRANT a ON " + "a , " * 16000,
     "|" * 60_000, '{"a":' * 20_000, "system {\n" + "a {\n" * 60_000, "ann ALL=(ALL) ALL\n" + "(" * 60_000],
)  # fmt: skip
def test_no_file_makes_a_pattern_slow(body: str) -> None:
    network = read(
        {"x.txt": body}
    )  # minutes where a pattern goes back and forth; the run has a limit of its own
    assert network.rejects


def test_one_long_line_of_json_or_xml_is_no_fault() -> None:
    rows = json.loads(finding()) * 1000
    assert [
        r
        for r in read({"assets.csv": ASSETS, "f.json": json.dumps(rows)}).rejects
        if r.reason == "line_too_long"
    ] == []


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_input_raises_and_every_fact_is_of_a_known_kind(data: st.DataObject) -> None:
    seeds = [
        ASSETS,
        SERVICES,
        STORES,
        SCAN,
        DEVICE,
        JUNOS.format(POLICIES),
        finding(),
        private_key(),
        BOMB,
    ]
    body = bytearray(data.draw(st.sampled_from(seeds)).encode())
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, max(len(body) - 1, 0)))
        body[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    name = data.draw(
        st.sampled_from(["a.csv", "internet.xml", "r1.cfg", "x.json", "jump1/etc/passwd", "n"])
    )
    network = read({name: bytes(body)})
    assert all(fact.kind in KINDS for fact in network.facts)


# real files ------------------------------------------------------------------------------------


def public(*parts: str) -> Path:
    for folder in (
        os.environ.get("AMENDS_PUBLIC_DATA"),
        Path(__file__).resolve().parents[3] / "shared" / "data",
    ):
        if folder and Path(folder).joinpath(*parts).exists():
            return Path(folder).joinpath(*parts)
    pytest.skip(f"the public data are not there ({'/'.join(parts)}); set AMENDS_PUBLIC_DATA")


def inputs(folder: Path) -> Iterator[tuple[str, io.BytesIO]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), io.BytesIO(path.read_bytes())


@pytest.mark.public_data
def test_every_scan_of_the_public_set_loads_or_says_why_not() -> None:
    folder = public("nmap")
    loaded = 0
    for path in sorted(folder.iterdir()):
        network = collect([(f"internet/{path.name}", io.BytesIO(path.read_bytes()))])
        unread = [r for r in network.rejects if r.reason != "unknown_viewpoint"]
        assert all(r.remedy for r in network.rejects)
        loaded += not unread
    assert loaded >= 24
    seen = collect([("internet.xml", io.BytesIO((folder / "2_hosts_version.xml").read_bytes()))])
    assert ("zone:internet", "service:localhost:22/tcp") in keys(seen, "reach")
    assert ("zone:internet", "service:scanme.nmap.org:80/tcp") in keys(seen, "reach")


@pytest.mark.public_data
def test_the_change_of_the_example_network_cuts_the_first_host_off_from_all_but_its_department() -> (
    None
):
    """By hand: ``RESTRICT_HOST_TRAFFIC_IN`` allows packets *from* 2.128.0.0/16 only.

    Put on the leg to 2.128.0.0/24 as an outbound list, it lets only the department's own networks get to host1. The
    list on the other leg, ``RESTRICT_HOST_TRAFFIC_OUT``, allows everything to 2.128.0.0/16: host2 is reached as before.
    """
    folder = public("network-configs", "networks", "example")
    live, candidate = (collect(inputs(folder / name)) for name in ("live", "candidate"))
    assert not live.rejects and not candidate.rejects
    before, after = keys(live, "reach"), keys(candidate, "reach")
    to_host1 = {"service:host1:22/tcp", "service:host1:53/udp"}
    department = {"zone:net-2.128.0.0/24", "zone:net-2.128.1.0/24"}
    zones = {source for source, _ in before}
    assert after <= before
    assert before - after == {(zone, target) for zone in zones - department for target in to_host1}
    assert {source for source, target in after if target in to_host1} == department
    assert ("zone:net-1.0.1.0/24", "service:host2:22/tcp") not in before
    assert ("zone:net-3.0.1.0/24", "service:host2:22/tcp") in after
    cut = next(
        f
        for f in live.facts
        if (f.source, f.target) == ("zone:net-1.0.1.0/24", "service:host1:22/tcp")
    )
    assert "as2border1.cfg" in cut.evidence


def test_each_fact_names_evidence_that_would_prove_it_gone() -> None:
    config = DEVICE + "enable password hunter2\nline vty 0 4\n login local\n transport input ssh\n"
    files = {"assets.csv": ASSETS, "stores.csv": STORES, "accounts.csv": accounts(PRINT), "r1.cfg": config, "f.json": finding(),
             "db1/grants.txt": "GRANT SELECT ON crm.* TO svc;\n", "jump1/home/ops/.ssh/id": private_key()}  # fmt: skip
    looks = {(f.kind, f.source, f.target): set(f.looks) for f in read(files).facts}
    hunter = f"credential:{hashlib.sha256(b'hunter2').hexdigest()}"
    assert looks["stored_on", hunter, "asset:r1"] == {("config", "asset:r1")}
    assert looks["opens", hunter, "service:r1:22/tcp"] == {("config", "asset:r1")}
    assert looks["stored_on", f"credential:{PRINT}", "asset:jump1"] == {("secrets", "asset:jump1")}
    assert looks["stored_on", f"credential:{SSH_PRINT}", "asset:jump1"] == {
        ("private_keys", "asset:jump1")
    }
    assert looks["reads", "identity:svc", "store:crm"] == {("database", "asset:db1")}
    looked = read(files).looked_at
    assert set.union(*looks.values()) <= looked | {
        (kind, place) for kind, place in set.union(*looks.values()) if (kind, "") in looked
    }
