"""Accounts from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.face import amends, refusal


def test_accounts_are_made_listed_changed_and_disabled_and_no_password_is_an_argument(
    tmp_path: Path,
) -> None:
    case, secret = tmp_path / "acme", tmp_path / "password.txt"
    secret.write_text("heron lantern copper meadow\nnot this line\n")
    amends("new", case, "--entity", "Acme Inc")
    amends(
        "users",
        "add",
        case,
        "dana",
        "--role",
        "lead",
        "--shown",
        "Dana Lee",
        "--password-file",
        secret,
    )
    amends("users", "role", case, "dana", "counsel")
    amends("users", "disable", case, "dana")
    listed = json.loads(amends("users", "list", case, "--json"))
    assert [(a["name"], a["shown"], a["role"], bool(a["disabled_at"])) for a in listed] == [
        ("dana", "Dana Lee", "counsel", True)
    ]
    amends("users", "disable", case, "dana", "--again")
    assert json.loads(amends("users", "list", case, "--json"))[0]["disabled_at"] == ""
    lines = [json.loads(line) for line in (case / "ledger.jsonl").read_text().splitlines()]
    assert [line["body"]["change"] for line in lines if line["act"] == "user"] == [
        "added", "role", "disabled", "enabled",
    ]  # fmt: skip
    assert "heron" not in (case / "ledger.jsonl").read_text()
    amends("console", case, "--check")


def test_what_cannot_be_an_account_is_refused_in_words(tmp_path: Path) -> None:
    case, secret = tmp_path / "acme", tmp_path / "password.txt"
    amends("new", case, "--entity", "Acme Inc")
    assert "is needed" in refusal("users", "add", case, "dana", "--role", "lead", code=2)
    secret.write_text("short\n")
    said = refusal(
        "users", "add", case, "dana", "--role", "lead", "--password-file", secret, code=2
    )
    assert "15 characters" in said
    assert "short" not in said
    assert "no account" in refusal("users", "disable", case, "nobody", code=2)
