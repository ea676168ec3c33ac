"""A package's signature: everything that is done to it afterwards is found and named."""

from __future__ import annotations

import json
import random
import subprocess
import zipfile
from pathlib import Path

import pytest

from amends.kernel.errors import EvidenceError, UsageError
from amends.report.package_seal import check, sealed
from amends.vault.signing import SigningKey

FILES = {"timeline/chain.csv": b"step,at\n1,x\n", "facts.json": b"{}\n", "README.txt": b"hello\n"}


@pytest.fixture
def key() -> SigningKey:
    return SigningKey.create()


@pytest.fixture
def package(tmp_path: Path, key: SigningKey) -> Path:
    path = tmp_path / "p.zip"
    path.write_bytes(sealed(FILES, {"case": "acme", "version": "non-privileged"}, key))
    return path


def again(path: Path, change) -> None:
    """Write the package anew with its files changed."""
    with zipfile.ZipFile(path) as archive:
        files = {n: archive.read(n) for n in archive.namelist()}
    change(files)
    with zipfile.ZipFile(path, "w") as archive:
        for name, payload in files.items():
            archive.writestr(name, payload)


def test_a_package_as_it_was_signed_is_sound(package: Path, key: SigningKey) -> None:
    found = check(package, key.key_id)
    assert found.faults == ()
    assert found.manifest["case"] == "acme"
    assert found.key_id == key.key_id


def test_the_same_files_give_the_same_bytes(key: SigningKey) -> None:
    one = sealed(FILES, {"case": "acme"}, key)
    assert one == sealed(dict(reversed(FILES.items())), {"case": "acme"}, key)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda f: f.update({"facts.json": b"{ }\n"}), "facts.json was changed"),
        (lambda f: f.pop("README.txt"), "README.txt is missing"),
        (lambda f: f.update({"extra.txt": b"x"}), "extra.txt was added"),
        (lambda f: f.update({"SHA256SUMS": b""}), "SHA256SUMS was changed"),
        (lambda f: f.pop("manifest.sig"), "manifest.sig is missing"),
        (lambda f: f.update({"manifest.sig": bytes(64)}), "manifest is not what was signed"),
        (
            lambda f: f.update({"manifest.json": f["manifest.json"].replace(b"acme", b"amce")}),
            "not what was signed",
        ),
        (lambda f: f.update({"manifest.json": b"nonsense"}), "not what was signed"),
        (lambda f: f.update({"signer.json": b"{}"}), "not what was signed"),
        (lambda f: f.update({"signer.pem": b"x"}), "signer.pem is not the key"),
        (
            lambda f: f.update({"facts.json": f["README.txt"], "README.txt": f["facts.json"]}),
            "README.txt was changed",
        ),
    ],
)
def test_what_was_done_to_it_is_named(package: Path, key: SigningKey, change, named: str) -> None:
    again(package, change)
    assert any(named in fault for fault in check(package, key.key_id).faults)


def test_any_bit_changed_in_the_file_is_found(package: Path, key: SigningKey) -> None:
    whole = package.read_bytes()
    dice = random.Random(3)
    missed = []
    sound = check(package, key.key_id)
    for _ in range(300):
        spoilt = bytearray(whole)
        at = dice.randrange(len(spoilt))
        spoilt[at] ^= 1 << dice.randrange(8)
        package.write_bytes(spoilt)
        try:
            found = check(package, key.key_id)
        except (UsageError, EvidenceError):
            continue
        if not found.faults and found.manifest != sound.manifest:
            missed.append(at)
    assert missed == []


def test_another_signer_is_found_by_the_key_told_another_way(
    tmp_path: Path, key: SigningKey
) -> None:
    forged = tmp_path / "forged.zip"
    forged.write_bytes(sealed(FILES, {"case": "acme"}, SigningKey.create()))
    assert check(forged).faults == ()  # its own key vouches for it …
    assert check(forged, key.key_id).faults == (
        "it was signed by another key than the one you name",
    )


def test_two_files_of_one_name_are_refused(package: Path) -> None:
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(package, "a") as archive,
    ):
        archive.writestr("facts.json", b"{}\n")
    with pytest.raises(EvidenceError, match="two files of one name"):
        check(package)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no package"):
        check(path)


def test_it_can_be_checked_without_amends(package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "out")
    subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "out", check=True, capture_output=True
    )
    words = "openssl pkeyutl -verify -pubin -inkey signer.pem -rawin -in manifest.json -sigfile manifest.sig"
    done = subprocess.run(
        words.split(), cwd=tmp_path / "out", check=True, capture_output=True, text=True
    )
    assert "Verified Successfully" in done.stdout
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["case"] == "acme"
