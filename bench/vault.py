"""How fast the vault makes tokens, beside one call a value by cryptography.

    python bench/vault.py [--values 10000000] [--json FILE]

Prints seconds for the cipher alone, for tokens (text to text) and fingerprints, the ratio to the
peer, and whether 100,000 random values came out bit-identical.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from amends.vault import Tokens, create_keys
from amends.vault.siv import BatchSiv


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--values", type=int, default=10_000_000)
    ask.add_argument("--json", type=Path)
    given = ask.parse_args()
    rng = np.random.default_rng(1)
    digits = rng.integers(48, 58, (given.values, 9), dtype=np.uint8)
    key = rng.bytes(64)
    siv, peer = BatchSiv(key), AESSIV(key)

    start = time.perf_counter()
    for at in range(0, given.values, 1 << 17):
        siv.seal(digits[at : at + (1 << 17)])
    cipher_s = time.perf_counter() - start

    offsets = pa.py_buffer(np.arange(0, 9 * given.values + 1, 9, dtype=np.int32))
    texts = pa.Array.from_buffers(pa.string(), given.values, [None, offsets, pa.py_buffer(digits)])
    with tempfile.TemporaryDirectory() as folder:
        create_keys(Path(folder))
        vault = Tokens(Path(folder))
        start = time.perf_counter()
        tokens = vault.tokens("ssn", texts)
        tokens_s = time.perf_counter() - start
        start = time.perf_counter()
        vault.fingerprints(texts)
        fingerprints_s = time.perf_counter() - start
        start = time.perf_counter()
        vault.reveal("ssn", tokens)
        reveal_s = time.perf_counter() - start

    sample = digits[:100_000]
    start = time.perf_counter()
    expected = [peer.encrypt(row.tobytes(), None) for row in sample]
    peer_s = (time.perf_counter() - start) / len(sample) * given.values
    same = b"".join(expected) == siv.seal(sample).tobytes()
    figures = {
        "values": given.values,
        "cipher_s": round(cipher_s, 2),
        "tokens_s": round(tokens_s, 2),
        "fingerprints_s": round(fingerprints_s, 2),
        "reveal_s": round(reveal_s, 2),
        "cryptography_s": round(peer_s, 2),
        "ratio": round(peer_s / cipher_s, 1),
        "identical": same,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    for name, value in figures.items():
        print(f"{name:16} {value}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
