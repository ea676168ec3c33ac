"""Binary logs of Windows: public samples, and files that are damaged."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

from amends.timeline.parsers.evtx import Evtx
from tests.timeline.parsing import chosen, has, origin, read

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def samples() -> list[Path]:
    for folder in (os.environ.get("AMENDS_PUBLIC_DATA"), BESIDE):
        found = sorted((Path(folder) / "evtx-attack-samples").rglob("*.evtx")) if folder else []
        if found:
            return found
    pytest.skip("the public logs are not there: set AMENDS_PUBLIC_DATA")


@pytest.fixture(scope="module")
def big(samples: list[Path]) -> bytes:
    """Return a log of several chunks."""
    return next(p.read_bytes() for p in samples if p.stat().st_size > 1_000_000)


def _naive(event: dict, out: dict, last: str = "") -> None:
    """Flatten as people do: by walking; attributes by their own name, never over a field."""
    for name, value in event.items():
        if name == "#attributes":
            for attribute, text in value.items():
                key = "Provider_Name" if last == "Provider" and attribute == "Name" else attribute
                if text not in (None, ""):
                    out.setdefault(key, text)
        elif isinstance(value, dict):
            _naive(value, out, name)
        elif name == "#text":
            out[last] = "\n".join(map(str, value)) if isinstance(value, list) else value
        elif value not in (None, ""):
            out[name] = value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.public_data
def test_every_public_sample_has_the_fields_that_a_walk_finds(samples: list[Path]) -> None:
    import orjson
    from evtx import PyEvtxParser

    events = 0
    for path in samples:
        wanted = []
        for record in PyEvtxParser(str(path), number_of_threads=1).records_json():
            out: dict = {}
            _naive(orjson.loads(record["data"])["Event"], out)
            out.pop("xmlns", None)
            wanted.append({k.lower(): _text(v) for k, v in out.items()})
        found = [
            {k.lower(): v for k, v in row}
            for part in Evtx().read(io.BytesIO(path.read_bytes()), origin(path.name))
            for row in part.columns["extra"].to_pylist()
        ]
        assert found == wanted, path.name
        events += len(found)
    assert len(samples) >= 277 and events >= 8255


@pytest.mark.public_data
def test_samples_say_what_happened(samples: list[Path]) -> None:
    kinds: set = set()
    for path in samples[::9]:
        body = path.read_bytes()
        assert chosen(body, path.name) == "evtx"
        found = read(Evtx(), body, path.name)
        assert found.rejects == []
        kinds |= {(row["kind"], row["action"]) for row in found.events}
        assert all(row["extra"]["EventRecordID"] for row in found.events)
    assert {
        ("login", "login"),
        ("process", "start"),
        ("connection", "open"),
        ("log", "clear"),
    } <= kinds


@pytest.mark.public_data
def test_a_damaged_or_cut_log_gives_what_can_be_read(big: bytes) -> None:
    whole = read(Evtx(), big)
    assert len(whole.events) > 300 and not whole.rejects
    half = read(Evtx(), big[: 4096 + 65536 * 4 + 1000])
    assert 0 < len(half.events) < len(whole.events)
    headless = read(Evtx(), bytes(4096) + big[4096:])
    assert len(headless.events) == len(whole.events), "a wiped header costs nothing"
    assert chosen(bytes(4096) + big[4096:]) == "evtx"
    carved = read(Evtx(), big[4096 + 65536 : 4096 + 65536 * 3])
    assert carved.events, "chunks alone are a log"
    broken = bytearray(big)
    broken[4096 + 600 : 4096 + 1800] = b"\xff" * 1200
    found = read(Evtx(), bytes(broken))
    assert found.rejects and len(found.events) >= len(whole.events) - 200
    unmarked = big[:4096] + b"XXXXXXXX" + big[4104:]
    assert read(Evtx(), unmarked).rejects[0][1] == "a chunk without its mark"


@pytest.mark.public_data
def test_random_damage_never_stops_the_reading(big: bytes) -> None:
    chance = np.random.default_rng(4)
    body = big[: 4096 + 65536 * 3]
    for _ in range(40):
        broken = bytearray(body)
        for place in chance.integers(4096, len(body), int(chance.integers(1, 400))):
            broken[place] = int(chance.integers(0, 256))
        read(Evtx(), bytes(broken))


def test_what_only_looks_like_a_log_gives_rejects() -> None:
    assert read(Evtx(), b"ElfFile\0" + bytes(5000)).events == []
    assert read(Evtx(), b"ElfFile\0").n_lines == 0
    found = read(Evtx(), b"ElfFile\0".ljust(4096, b"\0") + b"ElfChnk\0" + b"\xff" * 65528)
    assert found.events == []
    found = read(Evtx(), b"ElfFile\0".ljust(4096, b"\0") + b"nonsense" * 8192)
    assert [reason for _, reason in found.rejects] == ["a chunk without its mark"]
    assert not Evtx().detect(b"Elf", origin())


@pytest.mark.public_data
def test_one_known_event(samples: list[Path]) -> None:
    path = next(p for p in samples if p.name == "UACME_59_Sysmon.evtx")
    rows = read(Evtx(), path.read_bytes()).events
    start = next(row for row in rows if row["code"] == "1" and row["source"] == "evtx/sysmon")
    has(start, kind="process", action="start", command=start["extra"]["CommandLine"], utc=True)
    assert start["pid"] == int(start["extra"]["ProcessId"])
