from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from amends.kernel.errors import TableError, UsageError
from amends.vault import keyfile
from amends.vault.boxes import SecretBox
from amends.vault.chunks.parquet import ParquetParts
from amends.vault.ciphers import Scheme
from amends.vault.keyring import Keyring
from amends.vault.rerooting import rewrap
from amends.vault.roots.file import FileRoot
from amends.vault.rotation import rotate
from amends.vault.schemes import written
from amends.vault.shredding import check_certificate, drop_version, shred_domain
from amends.vault.siv import BatchSiv
from amends.vault.wrapping import domain_key
from tests.vault.vaults import new_vault

VALUES = pa.array(["666-12-3456", None, "", "666-12-3457"])


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return new_vault(tmp_path / "vault")


def _place(tmp_path: Path, keyring: Keyring) -> ParquetParts:
    tokens = keyring.cipher("ssn").protect(VALUES)
    pq.write_table(pa.table({"ssn": tokens}), tmp_path / "people.parquet")
    return ParquetParts(tmp_path / "people.parquet", ["ssn"])


@pytest.mark.parametrize("scheme", ["siv", "ff1", "random"])
def test_tokens_of_a_shredded_domain_cannot_be_read_and_others_can(
    keyring: Keyring, scheme: Scheme
) -> None:
    gone, kept = keyring.cipher("ssn", scheme), keyring.cipher("itin", scheme)
    tokens, others = gone.protect(VALUES), kept.protect(VALUES)
    keyring.blind("ssn")
    made = shred_domain(keyring, "ssn", "programme ended")
    assert {k.use for k in made.keys} == {scheme, "blind"} and made.left == ()
    for opened in (keyring, Keyring.open(keyring.folder)):
        with pytest.raises(TableError, match="shredded"):
            opened.cipher("ssn", scheme)
        with pytest.raises(TableError, match="shredded"):
            opened.blind("ssn")
        assert opened.cipher("itin", scheme).reveal(others) == VALUES
    with pytest.raises(TableError, match="shredded"):
        gone.reveal(tokens)
    with pytest.raises(TableError, match="shredded"):
        gone.protect(VALUES)


def test_a_program_that_had_the_vault_open_can_no_longer_read_either(keyring: Keyring) -> None:
    other = Keyring.open(keyring.folder).cipher("ssn")
    tokens = other.protect(VALUES)
    shred_domain(keyring, "ssn", "programme ended")
    with pytest.raises(TableError, match="shredded"):
        other.reveal(tokens)


def test_no_key_that_is_left_in_the_folder_opens_a_token(keyring: Keyring) -> None:
    """Try as a key whatever the folder still holds, in every way in which it is written."""
    cipher = keyring.cipher("ssn")
    keyring.cipher("itin"), keyring.mac_key("audit")
    token = cipher.protect(pa.array(["666123456"]))[0].as_py()
    wrapped = {k.wrapped for k in keyring.file().keys if k.domain == "ssn"}
    shred_domain(keyring, "ssn", "programme ended")

    row = pa.array([token])
    _, _, matrix = next(iter(written_rows(row)))
    sealed, _ = written.read("tk", 1, matrix)
    folder = keyring.folder
    root = bytes.fromhex(json.loads((folder / "root.key").read_text())["root"])
    material = {root, keyring._secret, domain_key(keyring._secret, "siv", "ssn")}
    material |= {
        keyring.key(k.use, k.domain, k.version)
        for k in keyring.file().keys
        if k.state != "shredded"
    }
    for path in folder.rglob("*"):
        text = path.read_bytes() if path.is_file() else b""
        for old in wrapped:
            assert old.encode() not in text and base64.b64decode(old) not in text
        material |= {text[at : at + 32] for at in range(0, max(len(text) - 32, 0))}
    for key in material:
        for made in {key, key + key, (key * 4)[:64]}:
            if len(made) in (32, 48, 64):
                assert not BatchSiv(made).open(sealed)[1].any()
    # Nor does the domain key open anything: what it had wrapped is gone.
    box = SecretBox(domain_key(keyring._secret, "siv", "ssn"))
    for held in keyring.file().keys:
        if held.wrapped:
            with pytest.raises(TableError):
                box.unlock(base64.b64decode(held.wrapped))


def written_rows(values: pa.Array) -> object:
    from amends.vault.columns import equal_lengths

    return equal_lengths(values)


def test_the_bytes_of_the_file_before_are_overwritten(keyring: Keyring) -> None:
    keyring.cipher("ssn")
    path = keyring.folder / keyfile.KEYRING_FILE
    wrapped = keyring.file().keys[0].wrapped.encode()
    with path.open("rb") as held:  # the old file, kept by a hand on it
        shred_domain(keyring, "ssn", "programme ended")
        assert wrapped not in held.read()
    assert wrapped not in path.read_bytes()


def test_what_a_killed_process_left_half_written_goes_too(keyring: Keyring) -> None:
    keyring.cipher("ssn")
    half = keyring.folder / ".keyring.json.0123456789ab"
    shutil.copy(keyring.folder / keyfile.KEYRING_FILE, half)
    assert shred_domain(keyring, "ssn", "programme ended").left == ()
    assert not half.exists()


def test_a_copy_in_the_vault_is_found_and_named(keyring: Keyring) -> None:
    keyring.cipher("ssn")
    shutil.copy(keyring.folder / keyfile.KEYRING_FILE, keyring.folder / "keyring.json.bak")
    assert shred_domain(keyring, "ssn", "programme ended").left == ("keyring.json.bak",)


def test_the_certificate_says_what_went_and_what_nobody_can_prove(keyring: Keyring) -> None:
    keyring.cipher("ssn")
    digest = keyring.file().keys[0].digest()
    made = shred_domain(keyring, "ssn", "programme ended").as_json()
    text = json.loads(json.dumps(made))
    assert text["keys"][0]["wrapped_sha256"] == digest and text["reason"] == "programme ended"
    assert any("backups" in line for line in text["cannot_be_proved"]) and text["remedy"]
    assert check_certificate(keyring, text)
    assert not check_certificate(keyring, text | {"reason": "another"})
    line = keyring.ledger.last("key.shredded")
    assert line is not None and line.digest == text["ledger"]
    assert line.body["keys"][0]["wrapped_sha256"] == digest
    assert not list(keyring.ledger.faults())


def test_the_tombstone_stays_through_a_change_of_root(keyring: Keyring) -> None:
    keyring.cipher("ssn"), keyring.cipher("itin")
    shred_domain(keyring, "ssn", "programme ended")
    rewrap(keyring, FileRoot.create(keyring.folder / "second.key", "second.key"))
    held = {d.name: d for d in Keyring.open(keyring.folder).domains()}
    assert (
        held["ssn"].shredded == (1,)
        and held["ssn"].versions == ()
        and held["itin"].versions == (1,)
    )


def test_a_restored_keyring_does_not_bring_a_shredded_key_back_unseen(keyring: Keyring) -> None:
    keyring.cipher("ssn")
    backup = (keyring.folder / keyfile.KEYRING_FILE).read_bytes()
    shred_domain(keyring, "ssn", "programme ended")
    (keyring.folder / keyfile.KEYRING_FILE).write_bytes(backup)
    with pytest.raises(TableError, match="older than the vault's ledger"):
        Keyring.open(keyring.folder)


def test_a_backup_is_worth_nothing_once_the_root_was_changed_and_destroyed(
    keyring: Keyring, tmp_path: Path
) -> None:
    """The remedy that the certificate names."""
    keyring.cipher("ssn")
    shutil.copytree(keyring.folder, tmp_path / "backup")
    (
        tmp_path / "backup" / "root.key"
    ).unlink()  # a backup of the keyring, as it should be: without its root
    rewrap(keyring, FileRoot.create(tmp_path / "second.key"))
    (keyring.folder / "root.key").unlink()
    shred_domain(keyring, "ssn", "programme ended")
    shutil.copy(tmp_path / "second.key", tmp_path / "backup" / "root.key")
    with pytest.raises(TableError, match="does not open this keyring"):
        Keyring.open(tmp_path / "backup")


# Versions


def test_a_version_goes_only_when_nothing_holds_it(keyring: Keyring, tmp_path: Path) -> None:
    place = _place(tmp_path, keyring)
    old = pq.read_table(tmp_path / "people.parquet")["ssn"]
    shutil.copy(tmp_path / "people.parquet", tmp_path / "copy.parquet")
    rotate(keyring, "ssn", [place])
    forgotten = ParquetParts(tmp_path / "copy.parquet", ["ssn"])
    with pytest.raises(TableError, match="2 tokens of ssn still hang from version 1"):
        drop_version(keyring, "ssn", "siv", 1, "rotated", [place, forgotten])
    assert keyring.cipher("ssn").reveal(old) == VALUES
    (tmp_path / "copy.parquet").unlink()
    made = drop_version(keyring, "ssn", "siv", 1, "rotated", [place])
    assert [(k.version, k.use) for k in made.keys] == [(1, "siv")]
    cipher = Keyring.open(keyring.folder).cipher("ssn")
    assert cipher.reveal(pq.read_table(tmp_path / "people.parquet")["ssn"]) == VALUES
    with pytest.raises(TableError, match="Version 1 of the key of ssn was shredded"):
        cipher.reveal(old)
    assert (
        cipher.forms("666-12-3456")[0].startswith("tk2_") and len(cipher.forms("666-12-3456")) == 1
    )


def test_tokens_of_a_dropped_version_are_told_from_values(keyring: Keyring, tmp_path: Path) -> None:
    place = _place(tmp_path, keyring)
    old = pq.read_table(tmp_path / "people.parquet")["ssn"]
    rotate(keyring, "ssn", [place])
    drop_version(keyring, "ssn", "siv", 1, "rotated", [place])
    with pytest.raises(TableError, match="whose key was shredded"):
        keyring.cipher("ssn").protect(old)


@pytest.mark.parametrize(
    ("version", "words"), [(2, "not one that was replaced"), (9, "not one that was replaced")]
)
def test_the_active_version_is_not_dropped(
    keyring: Keyring, tmp_path: Path, version: int, words: str
) -> None:
    place = _place(tmp_path, keyring)
    rotate(keyring, "ssn", [place])
    with pytest.raises(UsageError, match=words):
        drop_version(keyring, "ssn", "siv", version, "rotated", [place])


def test_a_version_is_not_dropped_without_places_to_count(keyring: Keyring, tmp_path: Path) -> None:
    rotate(keyring, "ssn", [_place(tmp_path, keyring)])
    with pytest.raises(UsageError, match="needs the places"):
        drop_version(keyring, "ssn", "siv", 1, "rotated")


def test_an_ff1_version_goes_when_its_rotation_has_ended(keyring: Keyring, tmp_path: Path) -> None:
    cipher = keyring.cipher("ssn", "ff1")
    pq.write_table(pa.table({"ssn": cipher.protect(VALUES)}), tmp_path / "people.parquet")
    with pytest.raises(UsageError, match="not one that was replaced"):
        drop_version(keyring, "ssn", "ff1", 1, "rotated")
    rotate(keyring, "ssn", [ParquetParts(tmp_path / "people.parquet", ["ssn"])], "ff1")
    drop_version(keyring, "ssn", "ff1", 1, "rotated")
    assert cipher.reveal(pq.read_table(tmp_path / "people.parquet")["ssn"]) == VALUES
    with pytest.raises(TableError, match="shredded"):
        cipher.at(1).reveal(VALUES)


# What is refused


def test_nothing_is_shredded_without_a_reason_or_twice(keyring: Keyring) -> None:
    keyring.cipher("ssn")
    with pytest.raises(UsageError, match="A reason must be given"):
        shred_domain(keyring, "ssn", " ")
    with pytest.raises(UsageError, match="no key of itin"):
        shred_domain(keyring, "itin", "programme ended")
    assert keyring.cipher("ssn").version == 1
    shred_domain(keyring, "ssn", "programme ended")
    with pytest.raises(UsageError, match="no key of ssn"):
        shred_domain(keyring, "ssn", "programme ended")


def test_a_full_disk_destroys_nothing(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = keyring.cipher("ssn").protect(VALUES)
    keyring.mac_key("certificates")

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(keyfile, "_write_whole", full)
        with pytest.raises(TableError, match="the one before stands"):
            shred_domain(keyring, "ssn", "programme ended")
    assert Keyring.open(keyring.folder).cipher("ssn").reveal(tokens) == VALUES
