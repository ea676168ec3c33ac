# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Audit trails and sign-ins of clouds: CloudTrail, Okta, Entra.

Source: AWS CloudTrail User Guide, "Record contents"; Okta System Log API; Microsoft Graph, "signIn"; read 2026.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers import cells
from amends.timeline.parsers.base import Origin
from amends.timeline.parsers.json_found import Columns, Found, outcome_of, word

# CloudTrail: event names by what they do. Source: AWS service authorization reference.
_TRAIL = {
    "ConsoleLogin": ("login", "login"), "AssumeRole": ("privilege", "elevate"), "AssumeRoleWithSAML": ("login", "login"),
    "AssumeRoleWithWebIdentity": ("login", "login"), "GetSessionToken": ("login", "login"), "GetFederationToken": ("login", "login"),
    "GetObject": ("file", "download"), "HeadObject": ("file", "read"), "PutObject": ("file", "upload"), "CopyObject": ("file", "write"),
    "DeleteObject": ("file", "delete"), "DeleteObjects": ("file", "delete"), "ListObjects": ("file", "list"),
    "ListObjectsV2": ("file", "list"), "ListBuckets": ("file", "list"), "SelectObjectContent": ("query", "select"),
    "CreateUser": ("account", "create"), "DeleteUser": ("account", "delete"), "UpdateUser": ("account", "modify"),
    "CreateLoginProfile": ("account", "password"), "UpdateLoginProfile": ("account", "password"), "ChangePassword": ("account", "password"),
    "CreateAccessKey": ("account", "modify"), "AddUserToGroup": ("account", "group"), "AttachUserPolicy": ("privilege", "grant"),
    "AttachRolePolicy": ("privilege", "grant"), "AttachGroupPolicy": ("privilege", "grant"), "PutUserPolicy": ("privilege", "grant"),
    "PutRolePolicy": ("privilege", "grant"), "StopLogging": ("log", "stop"), "DeleteTrail": ("log", "stop"), "StartLogging": ("log", "start"),
    "UpdateTrail": ("config", "change"), "PutBucketPolicy": ("config", "change"), "ExecuteStatement": ("query", "other"),
    "BatchExecuteStatement": ("query", "other"), "StartQueryExecution": ("query", "select"), "GetItem": ("query", "select"),
    "Query": ("query", "select"), "Scan": ("query", "select"), "RestoreDBInstanceFromDBSnapshot": ("query", "dump"),
    "CreateDBSnapshot": ("query", "dump"), "StartExportTask": ("query", "dump"), "ModifyDBSnapshotAttribute": ("privilege", "grant"),
    "ModifySnapshotAttribute": ("privilege", "grant"), "RunInstances": ("service", "install"), "SendCommand": ("process", "command"),
    "GetSecretValue": ("file", "read"), "GetPasswordData": ("file", "read"), "GetParameter": ("file", "read"),
}  # fmt: skip


def _trail_kind(name: str) -> tuple[str, str]:
    if name in _TRAIL:
        return _TRAIL[name]
    if name.startswith(("Get", "List", "Describe", "Lookup", "Batch", "Head")):
        return "config", "view"
    return "config", "change"


def cloudtrail(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of events of CloudTrail."""
    name = f.of("eventName")
    said = pc.coalesce(
        f.of("responseElements.ConsoleLogin"),
        pc.if_else(pc.is_valid(f.of("errorCode")), "Failure", "Success"),
    )
    user = f.of("userIdentity.userName", "userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.principalId",
                "userIdentity.invokedBy", "userIdentity.type")  # fmt: skip
    bucket, key = f.of("requestParameters.bucketName"), f.of("requestParameters.key")
    where = pc.coalesce(
        pc.binary_join_element_wise(bucket, key, "/"), bucket,
        f.of("requestParameters.secretId", "requestParameters.tableName", "requestParameters.dBInstanceIdentifier",
             "requestParameters.roleArn", "requestParameters.policyArn", "requestParameters.name", "requestParameters.instanceId"),
    )  # fmt: skip
    return {
        "kind": cells.by_distinct(name, lambda w: _trail_kind(w)[0]),
        "action": cells.by_distinct(name, lambda w: _trail_kind(w)[1]),
        "outcome": pc.if_else(pc.equal(pc.utf8_lower(said), "failure"), "failure", "success"),
        "account": cells.account(user),
        "target_account": cells.account(f.of("requestParameters.userName")),
        "session": f.of("userIdentity.accessKeyId"),
        "logon_type": word("cloud", n),
        "src_ip": cells.address(f.of("sourceIPAddress")),
        "host": f.of("eventSource"),
        "process": f.of("eventSource"),
        "object": where,
        "object_kind": pc.if_else(
            pc.is_valid(key),
            "file",
            pc.if_else(pc.is_valid(bucket), "share", pa.scalar(None, pa.string())),
        ),
        "bytes_out": cells.whole(_integral(f.of("additionalEventData.bytesTransferredOut"))),
        "bytes_in": cells.whole(_integral(f.of("additionalEventData.bytesTransferredIn"))),
        "command": f.of(
            "requestParameters.sqlStatement",
            "requestParameters.sql",
            "requestParameters.queryString",
        ),
        "user_agent": f.of("userAgent"),
        "code": name,
        "message": f.of("errorMessage", "eventName"),
    }


def _integral(texts: pa.StringArray) -> pa.StringArray:
    """Return numbers without the ``.0`` that CloudTrail writes behind counts of bytes."""
    return pc.replace_substring_regex(texts, r"\.0+$", "")


def okta(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of events of Okta's system log."""
    name = f.of("eventType")

    def what(name: str) -> tuple[str, str]:
        table = {
            "user.session.start": ("login", "login"), "user.session.end": ("logout", "logout"),
            "user.account.lock": ("login", "lockout"), "user.lifecycle.create": ("account", "create"),
            "user.lifecycle.deactivate": ("account", "disable"), "user.account.update_password": ("account", "password"),
            "user.account.reset_password": ("account", "password"), "user.account.privilege.grant": ("privilege", "grant"),
            "group.user_membership.add": ("account", "group"), "policy.rule.update": ("config", "change"),
        }  # fmt: skip
        if name.startswith("user.authentication.auth_via_mfa"):
            return "login", "multifactor"
        return table.get(
            name,
            ("login", "login") if name.startswith("user.authentication") else ("other", "other"),
        )

    return {
        "kind": cells.by_distinct(name, lambda w: what(w)[0]),
        "action": cells.by_distinct(name, lambda w: what(w)[1]),
        "outcome": outcome_of(f.of("outcome.result")),
        "account": cells.account(f.of("actor.alternateId")),
        "session": f.of("authenticationContext.externalSessionId"),
        "logon_type": word("cloud", n),
        "src_ip": cells.address(f.of("client.ipAddress")),
        "user_agent": f.of("client.userAgent.rawUserAgent"),
        "host": word("okta", n),
        "code": name,
        "message": f.of("displayMessage"),
    }


def sign_in(f: Found, n: int, origin: Origin) -> Columns:
    """Return the columns of sign-ins to Entra."""
    code = f.of("status.errorCode", "properties.status.errorCode", "resultType", "ResultType")
    return {
        "kind": word("login", n),
        "action": word("login", n),
        "outcome": pc.fill_null(pc.if_else(pc.equal(code, "0"), "success", "failure"), ""),
        "account": cells.account(
            f.of("userPrincipalName", "properties.userPrincipalName", "UserPrincipalName")
        ),
        "session": f.of("correlationId", "properties.correlationId", "CorrelationId"),
        "logon_type": word("cloud", n),
        "src_ip": cells.address(
            f.of("ipAddress", "properties.ipAddress", "callerIpAddress", "IPAddress")
        ),
        "object": f.of("appDisplayName", "properties.appDisplayName", "AppDisplayName"),
        "user_agent": f.of("userAgent", "properties.userAgent", "clientAppUsed"),
        "host": word("entra", n),
        "code": code,
        "message": f.of(
            "status.failureReason", "properties.status.failureReason", "resultDescription"
        ),
    }
