"""A request is the company's, fresh, and new; else it is refused, and nothing says why."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.kernel.errors import UsageError
from amends.portal.banner.request import (
    CLOCK_SECONDS,
    NoncesFullError,
    RequestGate,
    read_company_keys,
    signature,
)
from tests.portal.world import publish_world

KEY = bytes(range(32))
OTHER = bytes(32)
NOW = 1_790_000_000
PATH = b"/v1/banner/" + b"3f" * 32
NONCE = b"0123456789abcdef0123456789abcdef"


class Remembered:
    """Nonces in a set."""

    def __init__(self, not_before: int = 0) -> None:
        self.seen: set[tuple[bytes, bytes]] = set()
        self.not_before = not_before
        self.full = False

    def take(self, key_id: bytes, nonce: bytes, now: int) -> bool:
        if self.full:
            raise NoncesFullError
        new = (key_id, nonce) not in self.seen
        self.seen.add((key_id, nonce))
        return new


def gate(nonces: Remembered | None = None) -> RequestGate:
    return RequestGate({"K1": KEY}, nonces or Remembered())


def headers(
    method: bytes = b"GET",
    path: bytes = PATH,
    stamp: bytes = str(NOW).encode(),
    nonce: bytes = NONCE,
    key: bytes = KEY,
    key_id: bytes = b"K1",
) -> dict[bytes, bytes]:
    return {
        b"x-amends-key": key_id,
        b"x-amends-timestamp": stamp,
        b"x-amends-nonce": nonce,
        b"x-amends-signature": signature(key, method, path, stamp, nonce).encode(),
    }


def test_the_signature_is_what_the_documents_say() -> None:
    message = b"GET\n" + PATH + b"\n1790000000\n" + NONCE
    assert (
        signature(KEY, b"GET", PATH, b"1790000000", NONCE)
        == hmac.new(KEY, message, hashlib.sha256).hexdigest()
    )


@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        (headers(), "accepted"),
        ({**headers(), b"x-amends-signature": headers()[b"x-amends-signature"].upper()}, "accepted"),
        (headers(stamp=str(NOW - CLOCK_SECONDS).encode()), "accepted"),
        (headers(stamp=str(NOW + CLOCK_SECONDS).encode()), "accepted"),
        (headers(stamp=str(NOW - CLOCK_SECONDS - 1).encode()), "refused"),
        (headers(stamp=str(NOW + CLOCK_SECONDS + 1).encode()), "refused"),
        (headers(stamp=b""), "refused"),
        (headers(stamp=b"-1790000000"), "refused"),
        (headers(stamp=b" 1790000000"), "refused"),
        (headers(stamp=b"1790000000.5"), "refused"),
        (headers(stamp="\u0661\u0667\u0669".encode()), "refused"),
        (headers(stamp=b"9" * 5000), "refused"),
        (headers(nonce=b"x" * 15), "refused"),
        (headers(nonce=b"x" * 16), "accepted"),
        (headers(nonce=b"x" * 64), "accepted"),
        (headers(nonce=b"x" * 65), "refused"),
        (headers(nonce=b"x" * 15 + b"\n"), "refused"),
        (headers(nonce=b"x" * 16 + b"\n"), "refused"),
        (headers(nonce=b""), "refused"),
        (headers(key=OTHER), "refused"),
        (headers(key_id=b"K2"), "refused"),
        (headers(key_id=b"K2", key=OTHER), "refused"),
        (headers(key_id=b""), "refused"),
        (headers(method=b"POST"), "refused"),
        (headers(path=PATH + b"?"), "refused"),
        ({**headers(), b"x-amends-signature": b""}, "refused"),
        ({**headers(), b"x-amends-signature": b"\xff" * 64}, "refused"),
        ({}, "refused"),
    ],
)  # fmt: skip
def test_a_request_is_let_in_or_not(sent: dict[bytes, bytes], verdict: str) -> None:
    assert gate().check(b"GET", PATH, sent, NOW) == verdict


def test_the_key_of_an_unknown_name_is_not_a_known_one() -> None:
    """A name that is not known is checked against zeros, so that it takes as long; zeros let nobody in."""
    sent = headers(key_id=b"nobody", key=bytes(32))
    assert gate().check(b"GET", PATH, sent, NOW) == "refused"


def test_a_nonce_is_good_once_whatever_else_the_request_says() -> None:
    door = gate()
    assert door.check(b"GET", PATH, headers(), NOW) == "accepted"
    assert door.check(b"GET", PATH, headers(), NOW) == "refused"
    other = PATH[:-2] + b"00"
    assert door.check(b"GET", other, headers(path=other), NOW) == "refused"
    later = str(NOW + 9).encode()
    assert door.check(b"GET", PATH, headers(stamp=later), NOW) == "refused"


def test_who_cannot_sign_cannot_use_nonces_up() -> None:
    nonces = Remembered()
    door = gate(nonces)
    assert door.check(b"GET", PATH, headers(key=OTHER), NOW) == "refused"
    assert not nonces.seen
    assert door.check(b"GET", PATH, headers(), NOW) == "accepted"


def test_a_request_from_before_the_machine_went_down_is_refused() -> None:
    door = gate(Remembered(not_before=NOW))
    early = str(NOW - 1).encode()
    assert door.check(b"GET", PATH, headers(stamp=early), NOW) == "refused"
    assert door.check(b"GET", PATH, headers(), NOW) == "accepted"


def test_an_honest_request_is_not_called_dishonest_when_there_is_no_room() -> None:
    nonces = Remembered()
    nonces.full = True
    assert gate(nonces).check(b"GET", PATH, headers(), NOW) == "full"


@given(
    method=st.binary(max_size=8),
    path=st.binary(max_size=90),
    stamp=st.binary(max_size=14),
    nonce=st.binary(max_size=70),
    mark=st.binary(max_size=70),
    key_id=st.sampled_from([b"K1", b"K2", b"", b"\xff"]),
)
def test_nothing_unsigned_comes_in(
    method: bytes, path: bytes, stamp: bytes, nonce: bytes, mark: bytes, key_id: bytes
) -> None:
    sent = {
        b"x-amends-key": key_id,
        b"x-amends-timestamp": stamp,
        b"x-amends-nonce": nonce,
        b"x-amends-signature": mark,
    }
    assert gate().check(method, path, sent, NOW) == "refused"


@given(
    place=st.sampled_from(["method", "path", "stamp", "nonce", "mark"]),
    at=st.integers(0, 200),
    flip=st.integers(1, 255),
)
def test_one_changed_byte_anywhere_spoils_a_request(place: str, at: int, flip: int) -> None:
    sent = headers()
    parts = {
        "method": b"GET",
        "path": PATH,
        "stamp": sent[b"x-amends-timestamp"],
        "nonce": sent[b"x-amends-nonce"],
        "mark": sent[b"x-amends-signature"],
    }
    raw = bytearray(parts[place])
    raw[at % len(raw)] ^= flip
    if place == "mark" and bytes(raw).lower() == parts["mark"]:
        return  # hex in capitals is the same signature
    parts[place] = bytes(raw)
    sent = {
        b"x-amends-key": b"K1",
        b"x-amends-timestamp": parts["stamp"],
        b"x-amends-nonce": parts["nonce"],
        b"x-amends-signature": parts["mark"],
    }
    assert gate().check(parts["method"], parts["path"], sent, NOW) == "refused"


def test_parts_cannot_be_moved_across_their_borders() -> None:
    """Line feeds part the message; none can stand in a nonce or a timestamp, so no two requests sign alike."""
    sent = headers(path=b"/a\n1790000000", stamp=b"1", nonce=NONCE)
    shifted = {**sent, b"x-amends-timestamp": b"1790000000\n1"}
    assert gate().check(b"GET", b"/a", shifted, NOW) == "refused"


def test_the_company_reads_its_key_file(tmp_path: Path) -> None:
    world = publish_world(tmp_path)
    key = read_company_keys(world.keys / "banner.json")
    assert len(key.request_key) == len(key.account_key) == 32
    assert key.request_key.hex() not in repr(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({"key_id": "K", "request_key": "00", "account_key": "00"}),
        json.dumps({"key_id": "", "request_key": "00" * 32, "account_key": "00" * 32}),
        json.dumps({"key_id": "K", "request_key": 7, "account_key": "00" * 32}),
    ],
)
def test_a_spoiled_key_file_is_told_without_its_contents(tmp_path: Path, text: str) -> None:
    path = tmp_path / "banner.json"
    path.write_text(text)
    with pytest.raises(UsageError) as told:
        read_company_keys(path)
    assert "00" * 8 not in str(told.value)
