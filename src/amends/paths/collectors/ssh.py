"""SSH: which keys let in, which private keys lie about, which hosts are known.

Formats: sshd(8) (``AUTHORIZED_KEYS FILE FORMAT``, ``SSH_KNOWN_HOSTS FILE FORMAT``), PROTOCOL.key of OpenSSH, RFC 8017
appendix A.1 and RFC 5915 for older private keys. A private key is read only as far as its public half, and only its
fingerprint (SHA-256, as ``ssh-keygen -l`` shows it) is kept. One under a passphrase is not readable and is no finding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from amends.paths.collectors.base import Input, fingerprint_of
from amends.paths.collectors.seen import KeySeen, LookedSeen, SecretSeen, Sighting
from amends.paths.shapes import Reject
from amends.paths.spaces import Spans, join, network

KEY_LINE = re.compile(
    r"(?:^|\s)((?:sk-)?(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-[\w-]+)(?:@openssh\.com)?)\s+([A-Za-z0-9+/=]{40,})(?:\s|$)"
)
PRIVATE = re.compile(r"-----BEGIN ((?:[A-Z]{1,20} )?PRIVATE KEY)-----")
MAX_KEYS = 1000  # of one file; more are no keys
KNOWN = re.compile(
    r"^(?:@[a-z-]+ )?(?:\|1\|[\w+/=]+\|[\w+/=]+|[\w.:,\[\]*?!%-]+) (?:sk-)?(?:ssh-|ecdsa-)",
    re.MULTILINE,
)
RSA = bytes.fromhex("2a864886f70d010101")
CURVES = {
    bytes.fromhex("2a8648ce3d030107"): b"nistp256",
    bytes.fromhex("2b81040022"): b"nistp384",
    bytes.fromhex("2b81040023"): b"nistp521",
}


class AuthorizedKeys:
    """Public keys that let their owners in."""

    name = "authorized_keys"

    def detect(self, source: Input) -> bool:
        """Answer whether the lines are keys, with or without options, and not of known hosts."""
        if source.name.endswith(".pub") or "known_hosts" in source.name:
            return False
        if source.name.startswith("authorized_keys"):
            return True
        lines = [
            line for line in source.head.split("\n") if line.strip() and not line.startswith("#")
        ]
        return bool(lines) and all(
            KEY_LINE.search(line[:20000]) and not KNOWN.match(line) for line in lines[:20]
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield a sighting a key."""
        user = _user_of(source.path)
        yield LookedSeen("authorized_keys", source.path)
        for number, line in source.lines():
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            found = KEY_LINE.search(line)
            place = f"{source.path}:{number}"
            print_ = _blob_print(found[2]) if found else ""
            if not found or not print_:
                yield Reject(place, "malformed_row", "Check this key by hand.")
                continue
            yield KeySeen(print_, user, place, sources=_from_option(line[: found.start(1)]))


def _from_option(options: str) -> Spans | None:
    """Return the addresses that ``from="…"`` names; ``None`` for everybody, or where names or patterns stand."""
    found = re.search(r'from="([^"]*)"', options)
    if not found:
        return None
    spans = [network(part) for part in found[1].split(",") if part]
    return None if None in spans else join(span for part in spans for span in part or ())


def _user_of(path: str) -> str:
    parts = [part for part in re.split(r"[/\\]", path) if part]
    for at, part in enumerate(parts[:-1]):
        if part.lower() in {"home", "users"} and at + 1 < len(parts) - 1:
            return parts[at + 1]
        if part == "root" and at + 1 < len(parts):
            return "root"
    name = parts[-1] if parts else ""
    own = re.match(r"authorized_keys[._-](.+)$", name)
    if own:
        return own[1]
    above = [part for part in parts[:-1] if part not in {".ssh", "ssh", "keys", "authorized_keys"}]
    return above[-1] if above and ".ssh" in parts else ""


def _blob_print(text: str) -> str:
    try:
        return _print(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return ""


def _print(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


class KnownHosts:
    """Hosts that somebody connected to; no fact by itself."""

    name = "known_hosts"

    def detect(self, source: Input) -> bool:
        """Answer whether the lines name hosts and their keys; a public key alone is read here too."""
        if source.name.startswith("known_hosts") or "ssh_known_hosts" in source.name:
            return True
        if source.name.endswith(".pub"):
            return KEY_LINE.search(source.head) is not None
        return KNOWN.match(source.head) is not None and not re.match(
            r"(?:sk-)?(?:ssh|ecdsa)-\S+ AAAA", source.head
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield that it was looked at."""
        yield LookedSeen("known_hosts", source.path)


class PrivateKeys:
    """Private keys in files."""

    name = "private_key"

    def detect(self, source: Input) -> bool:
        """Answer whether a private key begins here, or a PuTTY one."""
        return PRIVATE.search(source.text[:262144]) is not None or source.head.startswith(
            "PuTTY-User-Key-File-"
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield the fingerprint of each key that no passphrase protects."""
        yield LookedSeen("private_keys", source.path)
        if source.head.startswith("PuTTY-User-Key-File-"):
            yield from self._putty(source)
            return
        begins = list(PRIVATE.finditer(source.text))[:MAX_KEYS]
        for found, after in zip(begins, [*begins[1:], None], strict=True):
            inner, end, _ = source.text[found.end() : after.start() if after else None].partition(
                "-----END "
            )
            if not end or "ENCRYPTED" in found[1] or "ENCRYPTED" in inner:
                continue
            place = f"{source.path}:{source.text.count(chr(10), 0, found.start()) + 1}"
            body = re.sub(r"^[A-Za-z-]+:.*$|\s", "", inner, flags=re.MULTILINE)
            try:
                blob = base64.b64decode(body, validate=True)
                public = _openssh(blob) if blob.startswith(b"openssh-key-v1\0") else _der(blob)
            except (ValueError, IndexError, binascii.Error):
                yield Reject(
                    place, "malformed", "Check this private key by hand; treat it as found."
                )
                continue
            if public is not None:
                print_ = _print(public) if public else fingerprint_of(body)
                yield SecretSeen(print_, place, file=source.path, rule="private key", key=True)

    def _putty(self, source: Input) -> Iterator[Sighting]:
        found = re.search(
            r"^Public-Lines: \d+\r?\n(.*?)^Private-Lines:", source.text, re.MULTILINE | re.DOTALL
        )
        locked = not re.search(r"^Encryption: none\s*$", source.text, re.MULTILINE)
        print_ = _blob_print(re.sub(r"\s", "", found[1])) if found else ""
        if print_ and not locked:
            yield SecretSeen(
                print_, f"{source.path}:1", file=source.path, rule="private key", key=True
            )


def _openssh(blob: bytes) -> bytes | None:
    """Return the public half of an OpenSSH key; ``None`` when a passphrase protects it."""
    at = len(b"openssh-key-v1\0")
    cipher, at = _string(blob, at)
    _, at = _string(blob, at)
    _, at = _string(blob, at)
    public, _ = _string(blob, at + 4)
    return public if cipher == b"none" else None


def _string(blob: bytes, at: int) -> tuple[bytes, int]:
    size = int.from_bytes(blob[at : at + 4], "big")
    if at + 4 + size > len(blob):
        raise ValueError
    return blob[at + 4 : at + 4 + size], at + 4 + size


def _tags(blob: bytes) -> list[tuple[int, bytes]]:
    """Return the elements of a DER sequence's content."""
    out = []
    at = 0
    while at < len(blob):
        tag, size = blob[at], blob[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(blob[at : at + count], "big")
            at += count
        if size > len(blob) - at:
            raise ValueError
        out.append((tag, blob[at : at + size]))
        at += size
    return out


def _der(blob: bytes, depth: int = 0) -> bytes:
    """Return the public half of a PKCS#1, SEC 1 or PKCS#8 key as SSH writes it; empty where it is not in the file."""
    parts = _tags(_tags(blob)[0][1])
    if len(parts) >= 9 and all(tag == 2 for tag, _ in parts[:9]):
        return _packed(b"ssh-rsa", parts[2][1], parts[1][1])
    if len(parts) >= 3 and parts[1][0] == 0x30 and parts[2][0] == 4 and depth == 0:
        kinds = _tags(parts[1][1])
        if kinds[0][1] == RSA:
            return _der(parts[2][1], 1)
        inner = _tags(_tags(parts[2][1])[0][1]) if parts[2][1][:1] == b"\x30" else []
        return _curve(inner, CURVES.get(kinds[1][1], b"") if len(kinds) > 1 else b"")
    oid = next((_tags(body)[0][1] for tag, body in parts if tag == 0xA0), b"")
    return _curve(parts, CURVES.get(oid, b""))


def _curve(parts: list[tuple[int, bytes]], curve: bytes) -> bytes:
    point = next((_tags(body)[0][1][1:] for tag, body in parts if tag == 0xA1), b"")
    return _packed(b"ecdsa-sha2-" + curve, curve, point) if point and curve else b""


def _packed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


AUTHORIZED_KEYS = AuthorizedKeys()
KNOWN_HOSTS = KnownHosts()
PRIVATE_KEYS = PrivateKeys()
