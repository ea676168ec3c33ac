"""The five cases every change is held against, from input files to the answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from amends.cli.main import cli

ROUTER = """!
hostname edge-r1
!
interface GigabitEthernet0/0
 description internet
 ip address 203.0.113.1 255.255.255.0
 ip access-group FROM-INTERNET in
!
interface GigabitEthernet0/1
 description mgmt
 ip address 10.1.0.1 255.255.255.0
!
ip access-list extended FROM-INTERNET
 permit tcp any host 203.0.113.1 eq {entry}
 deny ip any any
!
end
"""
FIREWALL = """!
hostname fw1
!
interface GigabitEthernet0/1
 description mgmt
 ip address 10.1.0.2 255.255.255.0
!
interface GigabitEthernet0/2
 description core
 ip address 10.2.0.1 255.255.255.0
 ip access-group TO-CORE out
!
ip access-list extended TO-CORE
 permit tcp host 10.1.0.5 host 10.2.0.7 eq 5432
 deny ip any any
!
end
"""
ASSETS = """asset,ip,zone,role
edge-r1,203.0.113.1,mgmt,{role}
jump1,10.1.0.5,mgmt,jump host
crm-db,10.2.0.7,core,database
"""
SERVICES = """asset,port,service,auth,mfa,lockout,product,cve
edge-r1,{entry},{service},password,{mfa},{mfa},IOS 15.1,
jump1,22,ssh,password,no,yes,OpenSSH 8.0,
crm-db,5432,postgresql,password,no,yes,PostgreSQL 12,
"""
ACCOUNTS = """identity,asset,port,secret_fingerprint
netadmin,jump1,22,aa11
svc_crm,crm-db,5432,{current}
"""
FINDINGS = [
    {"RuleID": "generic-password", "File": "/flash/backup.cfg", "Host": "edge-r1", "Fingerprint": "aa11",
     "Identity": "netadmin", "Target": "jump1:22"},
    {"RuleID": "postgres-url", "File": "/opt/scripts/export.sh", "Host": "jump1", "Fingerprint": "bb22",
     "Identity": "svc_crm", "Target": "crm-db:5432"},
]  # fmt: skip


def write(
    folder: Path, entry: int = 23, service: str = "telnet", role: str = "router", *,
    current: str = "bb22", mfa: str = "no", to_core: bool = True,
) -> Path:  # fmt: skip
    """Write the model network: a guessable way in, a credential on each of two hosts, a database behind a list."""
    folder.mkdir(parents=True, exist_ok=True)
    permit = " permit tcp host 10.1.0.5 host 10.2.0.7 eq 5432\n"
    words = {
        "edge-r1.cfg": ROUTER.format(entry=entry),
        "fw1.cfg": FIREWALL if to_core else FIREWALL.replace(permit, ""),
        "assets.csv": ASSETS.format(role=role),
        "services.csv": SERVICES.format(entry=entry, service=service, mfa=mfa),
        "accounts.csv": ACCOUNTS.format(current=current),
        "grants.csv": "identity,store,privilege\nsvc_crm,crm,SELECT\n",
        "stores.csv": "store,asset,port,persons,elements\ncrm,crm-db,5432,54000000,name ssn birth_date\n",
        "findings.json": json.dumps(FINDINGS),
    }
    for name, text in words.items():
        (folder / name).write_text(text)
    return folder


def amends(*words: object) -> str:
    done = CliRunner().invoke(
        cli, ["--quiet", "--no-input", *map(str, words)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def ask(folder: Path) -> dict:
    return json.loads(amends("paths", folder, "--json"))


def places(path: dict) -> list[str]:
    return [path["steps"][0]["from"], *(s["to"] for s in path["steps"])]


@pytest.mark.parametrize(
    ("entry", "service", "role"),
    [(23, "telnet", "router"), (443, "ssl-vpn", "vpn")],
    ids=["model case", "vpn"],
)
def test_from_a_guessable_login_over_two_found_credentials_to_the_database(
    tmp_path: Path, entry: int, service: str, role: str
) -> None:
    found = ask(write(tmp_path / "net", entry, service, role))
    assert found["open"] is True
    assert found["rejects"] == []
    way = places(found["paths"][0])
    assert way[0] == "zone:internet"
    assert way[-1] == "store:crm"
    for stop in ("asset:edge-r1", "asset:jump1", "service:crm-db:5432/tcp"):
        assert stop in way
    assert sum(p.startswith("credential:") for p in way) == 2
    assert found["paths"][0]["persons"] == 54_000_000
    assert len(found["closures"]) == 1
    assert found["closures"][0]["optimal"] is True
    assert found["closures"][0]["persons_closed"] == 54_000_000


def test_a_credential_without_a_route_does_not_fire(tmp_path: Path) -> None:
    found = ask(write(tmp_path / "net", to_core=False))
    assert found["open"] is False
    assert found["paths"] == []


def test_a_route_whose_credential_was_rotated_does_not_fire(tmp_path: Path) -> None:
    found = ask(write(tmp_path / "net", current="cc33"))
    assert found["open"] is False


AWS = {
    "instances.json": {"Reservations": [{"Instances": [{
        "InstanceId": "i-0aaa", "PrivateIpAddress": "10.0.1.10", "PublicIpAddress": "198.51.100.20", "VpcId": "vpc-1",
        "SubnetId": "subnet-1", "State": {"Name": "running"},
        "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web"}],
        "IamInstanceProfile": {"Arn": "arn:aws:iam::111122223333:instance-profile/waf-role", "Id": "AIPA"},
        "Tags": [{"Key": "Name", "Value": "waf-proxy"}]}]}]},
    "subnets.json": {"Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24",
        "MapPublicIpOnLaunch": True, "Tags": [{"Key": "Name", "Value": "web"}]}]},
    "routes.json": {"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1",
        "Associations": [{"Main": True, "RouteTableId": "rtb-1"}],
        "Routes": [{"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
                   {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "State": "active"}]}]},
    "buckets.json": {"Buckets": [{"Name": "applications", "CreationDate": "2019-01-01T00:00:00+00:00"}],
        "Owner": {"DisplayName": "x", "ID": "y"}},
    "groups.json": {"SecurityGroups": [{"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1", "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [],
         "UserIdGroupPairs": [], "PrefixListIds": []}], "IpPermissionsEgress": []}]},
    "iam.json": {"UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [{
        "RoleName": "waf-role", "Arn": "arn:aws:iam::111122223333:role/waf-role", "RoleId": "AROA",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        "InstanceProfileList": [{"InstanceProfileName": "waf-role",
            "Arn": "arn:aws:iam::111122223333:instance-profile/waf-role", "Roles": [{"RoleName": "waf-role"}]}],
        "RolePolicyList": [{"PolicyName": "s3", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"],
             "Resource": ["arn:aws:s3:::applications", "arn:aws:s3:::applications/*"]}]}}],
        "AttachedManagedPolicies": []}]},
}  # fmt: skip


def _cloud(folder: Path) -> Path:
    folder.mkdir()
    for name, document in AWS.items():
        (folder / name).write_text(json.dumps(document))
    (folder / "services.csv").write_text(
        "asset,port,service,auth,mfa,lockout,product,cve\nwaf-proxy,80,http,password,no,yes,proxy 1.0,CVE-2021-40438\n"
    )
    (folder / "kev.csv").write_text(
        "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate,notes\n"
        "CVE-2021-40438,Apache,HTTP Server,Apache SSRF,2021-12-01,x,Apply updates,2021-12-15,\n"
    )
    (folder / "stores.csv").write_text(
        "store,asset,port,persons,elements\napplications,,,100000000,name ssn\n"
    )
    return folder


def test_from_a_cloud_proxy_over_the_role_of_its_instance_to_the_bucket(tmp_path: Path) -> None:
    found = ask(_cloud(tmp_path / "net"))
    assert found["open"] is True, found["rejects"]
    way = places(found["paths"][0])
    assert way[-1] == "store:applications"
    assert "asset:waf-proxy" in way
    assert any(p.startswith("credential:") for p in way)
    assert found["paths"][0]["persons"] == 100_000_000


def test_the_same_proxy_without_the_hole_gives_nothing(tmp_path: Path) -> None:
    folder = _cloud(tmp_path / "net")
    (folder / "kev.csv").unlink()
    assert ask(folder)["open"] is False


def test_before_and_after_in_subfolders_say_what_closed_and_by_what_evidence(
    tmp_path: Path,
) -> None:
    write(tmp_path / "before")
    write(tmp_path / "after", current="cc33")
    found = ask(tmp_path)
    assert found["open"] is False
    assert [d["on"] for d in found["dates"]] == ["before", "after"]
    states = {(f["kind"], f["source"]): f for f in found["facts"]}
    assert states["opens", "credential:bb22"]["state"] == "verified"
    assert "accounts" in states["opens", "credential:bb22"]["state_evidence"]
    assert found["closed_by"][0]["persons_alone"] == 54_000_000


def test_a_claim_alone_closes_nothing(tmp_path: Path) -> None:
    write(tmp_path / "2026-08-17")
    write(tmp_path / "2026-08-20")
    claim = {
        "claims": [{"source": "credential:bb22", "kind": "opens", "who": "DBA", "on": "2026-08-19"}]
    }
    (tmp_path / "2026-08-20" / "claims.json").write_text(json.dumps(claim))
    found = ask(tmp_path)
    assert found["open"] is True
    assert "claimed" in {f["state"] for f in found["facts"]}, found["claims_without_fact"]


def test_what_comes_back_is_raised_first(tmp_path: Path) -> None:
    write(tmp_path / "2026-08-17")
    write(tmp_path / "2026-08-20", current="cc33")
    write(tmp_path / "2026-09-01")
    found = ask(tmp_path)
    assert found["open"] is True
    assert found["facts"][0]["state"] == "reopened"
    assert "Came back" in amends("paths", tmp_path)


def test_a_date_without_lists_of_its_own_keeps_those_before(tmp_path: Path) -> None:
    write(tmp_path / "before")
    later = tmp_path / "after"
    later.mkdir()
    (later / "accounts.csv").write_text(ACCOUNTS.format(current="cc33"))
    found = ask(tmp_path)
    assert found["open"] is False
    assert {f["state"] for f in found["facts"] if f["kind"] == "reach"} == {"open"}, (
        "nobody looked at the router again"
    )


def test_the_difference_names_what_opened_closed_and_stayed(tmp_path: Path) -> None:
    before, after = write(tmp_path / "one"), write(tmp_path / "two", current="cc33")
    for order, change in (
        ((before, after), "closed"),
        ((after, before), "opened"),
        ((before, before), "still_open"),
    ):
        found = json.loads(amends("paths", "diff", *order, "--json"))
        assert [s["store"] for s in found[change]] == ["crm"]
        assert found["persons"][change] == 54_000_000
        assert found["open"] is (change != "closed")
        assert {k for k in ("opened", "closed", "still_open") if found[k]} == {change}
    assert "closed" in amends("paths", "diff", before, after)


def test_the_worst_way_is_told_as_sentences_and_what_to_do_first(tmp_path: Path) -> None:
    told = amends("paths", write(tmp_path / "net"))
    assert "54,000,000 people" in told
    assert "From the internet a packet gets to edge-r1:23/tcp." in told
    assert "What to do first" in told
    assert "proved" in told


def test_a_folder_with_nothing_in_it_is_refused_with_a_remedy(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["paths", str(tmp_path)])
    assert done.exit_code != 0
    assert "nothing to read" in str(done.exception)


def test_names_that_are_markup_are_shown_as_they_are(tmp_path: Path) -> None:
    folder = write(tmp_path / "net")
    for path in folder.iterdir():
        path.write_text(path.read_text().replace("crm-db", "[bold]<b>db"))
    told = amends("paths", folder)
    assert "[bold]<b>db" in told
