"""AWS: what ``describe-*``, ``list-*`` and ``get-*`` answer, as JSON.

Known: EC2 instances, security groups, subnets, route tables; RDS instances; load balancers; S3 buckets and their
policies; IAM roles, instance profiles, policies and ``get-account-authorization-details``. Source: AWS CLI Command
Reference. What lies in several files is put together by ``amends.paths.cloud``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from amends.paths.collectors.base import Input
from amends.paths.collectors.seen import CloudSeen, LookedSeen, Sighting

LISTS = (
    "Reservations", "SecurityGroups", "Subnets", "RouteTables", "DBInstances", "LoadBalancers",
    "LoadBalancerDescriptions",
    "Buckets", "InstanceProfiles", "Roles", "RoleDetailList", "Policies", "UserDetailList", "GroupDetailList", "Vpcs",
    "InternetGateways", "NetworkAcls", "NetworkInterfaces",
)  # fmt: skip
ONE = ("PolicyDocument", "Policy", "PolicyVersion", "Role", "InstanceProfile")


class Aws:
    """Answers of AWS."""

    name = "aws"

    def detect(self, source: Input) -> bool:
        """Answer whether the document is an answer we know."""
        document = source.document
        return (
            isinstance(document, dict)
            and any(isinstance(document.get(name), list) for name in LISTS)
        ) or (
            isinstance(document, dict)
            and any(isinstance(document.get(name), (dict, str)) for name in ONE)
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield one sighting a thing."""
        document: dict[str, Any] = source.document
        for name in LISTS:
            rows = document.get(name)
            if isinstance(rows, list):
                yield LookedSeen(f"aws:{name}", source.path)
                for row in rows:
                    if isinstance(row, dict):
                        yield CloudSeen(name, row, source.path)
        for name in ONE:
            if isinstance(document.get(name), (dict, str)):
                yield CloudSeen(name, document, source.path)


AWS = Aws()
