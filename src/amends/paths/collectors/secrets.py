"""What secret scanners found, and what people say was fixed: JSON.

Gitleaks (https://github.com/gitleaks/gitleaks, report), TruffleHog (JSON lines) and detect-secrets (baseline). A
secret in clear is turned into its fingerprint while it is read, and dropped. Gitleaks' own ``Fingerprint`` names a
place (``commit:file:rule:line``) and is taken as a secret's only where it does not look like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from amends.paths.collectors.base import Input, fingerprint_of, rows_of, word_of
from amends.paths.collectors.seen import ClaimSeen, LookedSeen, SecretSeen, Sighting
from amends.paths.shapes import Reject

PLACE_LIKE = re.compile(r":[\w.-]+:\d+$")
REDACTED = re.compile(r"^(?:redacted|\*+|x+|<.*>|\[.*\])?$", re.IGNORECASE)
MARKS = frozenset(
    {
        "ruleid",
        "fingerprint",
        "detectorname",
        "rawv2",
        "secretfingerprint",
        "hashedsecret",
        "secretsha256",
    }
)


def _names(row: Any) -> set[str]:
    if not isinstance(row, dict):
        return set()
    return {str(name).lower().replace("_", "").replace("-", "") for name in row}


class Secrets:
    """Findings of secret scanners."""

    name = "secrets"

    def detect(self, source: Input) -> bool:
        """Answer whether the document holds findings."""
        document = source.document
        if document is None:
            return False
        if isinstance(document, dict) and isinstance(document.get("results"), dict):
            return "plugins_used" in document or "generated_at" in document
        if document == [] or (isinstance(document, dict) and document.get("findings") == []):
            return bool(re.search(r"finding|secret|credential|leak|truffle", source.name))
        rows = rows_of(document, "findings", "results", "credentials", "secrets")
        return any(MARKS & _names(row) for row in rows[:50])

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield a sighting a finding."""
        yield LookedSeen("secrets", source.path)
        document = source.document
        if isinstance(document, dict) and isinstance(document.get("results"), dict):
            yield from self._baseline(source, document["results"])
            return
        for number, row in enumerate(
            rows_of(document, "findings", "results", "credentials", "secrets"), 1
        ):
            place = f"{source.path}#{number}"
            if not isinstance(row, dict):
                yield Reject(place, "malformed_row", "Mend the finding and add the file again.")
            elif "DetectorName" in row or "SourceMetadata" in row:
                yield from self._trufflehog(row, place)
            else:
                yield from self._finding(row, place)

    def _baseline(self, source: Input, results: dict[str, Any]) -> Iterator[Sighting]:
        for file, found in results.items():
            for row in found if isinstance(found, list) else ():
                if isinstance(row, dict) and word_of(row, "hashedsecret"):
                    yield SecretSeen(
                        f"sha1:{word_of(row, 'hashedsecret').lower()}",
                        f"{source.path}: {file}:{word_of(row, 'linenumber')}",
                        host=word_of(row, "host", "hostname"),
                        file=str(file),
                        identity=word_of(row, "identity", "user"),
                        target=word_of(row, "target"),
                        rule=word_of(row, "type"),
                    )

    def _trufflehog(self, row: dict[str, Any], place: str) -> Iterator[Sighting]:
        raw = word_of(row, "raw", "rawv2")
        where = row.get("SourceMetadata")
        file, host = "", ""
        for part in _nested(where, 0):
            file = file or word_of(part, "file", "path", "filename", "key")
            host = host or word_of(part, "host", "hostname")
        given = word_of(row, "fingerprint", "secretfingerprint")
        if not raw and not given:
            yield Reject(
                place, "malformed_row", "Export the finding with the hash of what was found."
            )
            return
        yield SecretSeen(
            given or fingerprint_of(raw),
            place,
            host=word_of(row, "host", "hostname", "asset") or host,
            file=word_of(row, "file") or file,
            identity=word_of(row, "identity", "user"),
            target=word_of(row, "target"),
            rule=word_of(row, "detectorname"),
        )

    def _finding(self, row: dict[str, Any], place: str) -> Iterator[Sighting]:
        secret = word_of(row, "secret", "raw")
        given = word_of(row, "secretfingerprint", "secretsha256", "fingerprint", "hashedsecret")
        if PLACE_LIKE.search(given) and not given.lower().startswith(("sha256:", "sha1:", "md5:")):
            given = ""
        if not given and secret and not REDACTED.match(secret):
            given = fingerprint_of(secret)
        if not given:
            yield Reject(
                place,
                "no_fingerprint",
                "Give the finding the fingerprint (SHA-256) of what was found.",
            )
            return
        targets = row.get("Target", row.get("target"))
        for target in (
            targets
            if isinstance(targets, list) and targets
            else [word_of(row, "target", "opens", "endpoint")]
        ):
            yield SecretSeen(
                given,
                place,
                host=word_of(row, "host", "hostname", "asset", "machine"),
                file=word_of(row, "file", "path", "symlinkfile", "filename"),
                identity=word_of(row, "identity", "user", "username", "account", "principal"),
                target=str(target),
                rule=word_of(row, "ruleid", "rule", "type", "description"),
            )


def _nested(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and depth < 8:
        yield value
        for inner in value.values():
            yield from _nested(inner, depth + 1)


CLAIM_NAMES = {
    "kind": ("kind", "factkind"),
    "source": ("source", "from", "asset", "host", "service", "identity"),
    "target": ("target", "to", "store"),
    "fact": ("fact", "factid"),
    "words": (
        "words",
        "claim",
        "text",
        "statement",
        "what",
        "description",
        "note",
        "summary",
        "action",
    ),
    "who": ("who", "by", "person", "owner", "author", "claimedby", "reporter"),
    "on": ("on", "date", "when", "at", "day", "claimedon", "time"),
    "evidence": ("evidence", "ticket", "proof", "reference", "change"),
}


class Claims:
    """What people say was fixed."""

    name = "claims"

    def detect(self, source: Input) -> bool:
        """Answer whether the document is a list of claims."""
        if source.document is None:
            return False
        rows = rows_of(source.document, "claims", "fixes")
        named = "claim" in source.name or (
            isinstance(source.document, dict) and "claims" in source.document
        )
        fits = [row for row in rows if {"claim", "words", "who", "by", "claimedby"} & _names(row)]
        return (named and (not rows or isinstance(rows[0], (dict, str)))) or bool(
            fits and len(fits) == len(rows)
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield a sighting a claim."""
        for number, row in enumerate(rows_of(source.document, "claims", "fixes"), 1):
            place = f"{source.path}#{number}"
            if isinstance(row, str):
                yield ClaimSeen((("words", row), ("evidence", place)))
                continue
            if not isinstance(row, dict):
                yield Reject(place, "malformed_row", "Mend the claim and add the file again.")
                continue
            words = {name: word_of(row, *names) for name, names in CLAIM_NAMES.items()}
            words["evidence"] = f"{place} {words['evidence']}".strip()
            port = word_of(row, "port")
            if port and words["source"] and ":" not in words["source"]:
                words["source"] = (
                    f"service:{words['source']}:{port if '/' in port else port + '/tcp'}"
                )
            yield ClaimSeen(tuple((name, value) for name, value in words.items() if value))


SECRETS = Secrets()
CLAIMS = Claims()
