"""Who may read what in a cloud: roles on instances, policies, buckets that let everybody in."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from amends.paths.collectors.base import fingerprint_of
from amends.paths.collectors.seen import (
    AssetSeen,
    GrantSeen,
    SecretSeen,
    ServiceSeen,
    Sighting,
    StoreSeen,
)
from amends.paths.spaces import Spans

Row = dict[str, Any]  # an object of a foreign answer


READ_ACTIONS = (
    "s3:getobject",
    "s3:getobjectversion",
    "rds-db:connect",
    "rds-data:executestatement",
    "dynamodb:scan",
)


@dataclass
class Box:
    """Something with an address in a VPC."""

    name: str
    place: str
    vpc: str
    subnet: str
    ips: list[str]
    groups: list[str]
    public: bool
    kind: str
    row: Row


@dataclass
class Cloud:
    """The pieces by kind."""

    rows: dict[str, list[tuple[Row, str]]] = field(default_factory=lambda: defaultdict(list))
    boxes: list[Box] = field(default_factory=list)
    zones: dict[str, str] = field(default_factory=dict)
    cidrs: dict[str, Spans] = field(default_factory=dict)
    spare: dict[str, int] = field(default_factory=dict)


def rows(row: Row, name: str) -> list[Row]:
    """Return the objects of a list in an answer."""
    found = row.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def buckets(cloud: Cloud) -> Iterator[Sighting]:
    """Yield each bucket: a store with a door of its own on the internet."""
    public = {
        bucket
        for row, _ in cloud.rows["Policy"]
        for statement in _statements(row.get("Policy"))
        if _allows(statement) and _everybody(statement)
        for bucket in _named_buckets(statement)
    }
    for row, place in cloud.rows["Buckets"]:
        name = str(row.get("Name", ""))
        if not name:
            continue
        asset = f"s3-{name}"
        yield AssetSeen(asset, f"{place}: {name}", (), "internet", "bucket")
        open_to_all = any(fnmatchcase(name, pattern) for pattern in public)
        yield ServiceSeen(
            asset,
            443,
            "tcp",
            f"{place}: {name}",
            "none" if open_to_all else "iam",
            product="s3",
            listed=False,
        )
        yield StoreSeen(name, f"{place}: {name}", asset, 443)


def role_on(cloud: Cloud, box: Box) -> Iterator[Sighting]:
    """Yield the role credentials that lie on an instance."""
    profile = box.row.get("IamInstanceProfile")
    if not isinstance(profile, dict):
        return
    name = str(profile.get("Arn", profile.get("Name", ""))).rsplit("/", 1)[-1]
    options = box.row.get("MetadataOptions")
    old = isinstance(options, dict) and options.get("HttpTokens") == "optional"
    for role in _roles_of(cloud, name):
        yield SecretSeen(
            fingerprint_of(f"aws-role:{role}"),
            box.place,
            box.name,
            "instance metadata",
            role,
            "",
            "instance role" + (", metadata version 1 answers anybody" if old else ""),
            current=True,
            looks="aws:Reservations",
        )


def _roles_of(cloud: Cloud, profile: str) -> list[str]:
    found = [
        str(role.get("RoleName"))
        for row, _ in cloud.rows["InstanceProfiles"]
        if row.get("InstanceProfileName") == profile
        for role in rows(row, "Roles")
    ]
    found += [
        str(row.get("RoleName"))
        for row, _ in cloud.rows["RoleDetailList"]
        if any(p.get("InstanceProfileName") == profile for p in rows(row, "InstanceProfileList"))
    ]
    return list(dict.fromkeys(found)) or [profile]


def rights(cloud: Cloud) -> Iterator[Sighting]:
    """Yield which identity may read which store."""
    documents: dict[str, Any] = {}
    for row, _ in cloud.rows["Policies"]:
        for version in rows(row, "PolicyVersionList"):
            if version.get("IsDefaultVersion", True):
                documents[str(row.get("Arn", ""))] = version.get("Document")
    for row, place in (*cloud.rows["RoleDetailList"], *cloud.rows["UserDetailList"]):
        who = str(row.get("RoleName") or row.get("UserName") or "")
        found = [
            p.get("PolicyDocument")
            for p in (*rows(row, "RolePolicyList"), *rows(row, "UserPolicyList"))
        ]
        for attached in rows(row, "AttachedManagedPolicies"):
            arn = str(attached.get("PolicyArn", ""))
            found.append(documents.get(arn) or _well_known(arn))
        yield from _granted(cloud, who, found, place)
    for row, place in cloud.rows["PolicyDocument"]:
        who = str(row.get("RoleName") or row.get("UserName") or "")
        if who:
            yield from _granted(cloud, who, [row.get("PolicyDocument")], place)


def _well_known(arn: str) -> Any:
    """Return the part that matters here of AWS' own policies."""
    name = arn.rsplit("/", 1)[-1]
    if name in {"AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess"}:
        return {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    if name in {"AmazonS3FullAccess", "AmazonS3ReadOnlyAccess"}:
        return {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    return None


def _granted(cloud: Cloud, who: str, documents: list[Any], place: str) -> Iterator[Sighting]:
    buckets = [str(row.get("Name", "")) for row, _ in cloud.rows["Buckets"]]
    bases = [
        str(row.get("DBName") or row.get("DBInstanceIdentifier", ""))
        for row, _ in cloud.rows["DBInstances"]
    ]
    for document in documents:
        for statement in _statements(document):
            if not _allows(statement):
                continue
            actions = [a.lower() for a in _words(statement.get("Action"))]
            reads = [a for a in READ_ACTIONS if any(fnmatchcase(a, pattern) for pattern in actions)]
            if any(a.startswith("s3:") for a in reads):
                for pattern in _named_buckets(statement):
                    for bucket in buckets if "*" in pattern or "?" in pattern else [pattern]:
                        if fnmatchcase(bucket, pattern):
                            yield GrantSeen(
                                who, bucket, "s3:GetObject", f"{place}: {who}", listed=True
                            )
            if any(a.startswith("rds") for a in reads):
                for base in bases:
                    yield GrantSeen(who, base, "rds connect", f"{place}: {who}", listed=True)


def _statements(document: Any) -> list[Row]:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            return []
    found = document.get("Statement") if isinstance(document, dict) else None
    found = [found] if isinstance(found, dict) else found
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _words(value: Any) -> list[str]:
    return (
        [value]
        if isinstance(value, str)
        else [str(one) for one in value]
        if isinstance(value, list)
        else []
    )


def _allows(statement: Row) -> bool:
    actions = [action.lower() for action in _words(statement.get("Action"))]
    return statement.get("Effect") == "Allow" and any(
        fnmatchcase(read, pattern) for read in READ_ACTIONS for pattern in actions
    )


def _everybody(statement: Row) -> bool:
    who = statement.get("Principal")
    return who == "*" or (isinstance(who, dict) and "*" in _words(who.get("AWS")))


def _named_buckets(statement: Row) -> list[str]:
    out = []
    for resource in _words(statement.get("Resource")):
        if resource == "*":
            out.append("*")
        elif found := re.match(r"arn:aws[\w-]*:s3:::([^/]+)", resource):
            out.append(found[1])
    return out
