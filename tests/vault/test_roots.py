from __future__ import annotations

import datetime
import ipaddress
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from amends.kernel.errors import TableError, UsageError
from amends.vault import keyfile
from amends.vault.keyring import Keyring
from amends.vault.rerooting import rewrap
from amends.vault.roots.base import RootKey
from amends.vault.roots.file import FileRoot
from amends.vault.roots.passphrase import Cost, PassphraseRoot
from amends.vault.roots.transit import ATTEMPTS, Service, TransitRoot
from tests.vault.transit import TOKEN, Transit, serving
from tests.vault.vaults import new_vault

WORDS = "correct horse battery staple"
CHEAP = Cost(passes=1, memory_kib=64, lanes=1)
VALUES = pa.array(["666-12-3456", None, ""])


# Files


def test_a_root_file_opens_what_it_wrapped(tmp_path: Path) -> None:
    root = FileRoot.create(tmp_path / "root.key")
    assert FileRoot(tmp_path / "root.key").unwrap(root.wrap(b"s" * 32, "a"), "a") == b"s" * 32
    assert (tmp_path / "root.key").stat().st_mode & 0o777 == 0o600


def test_a_root_file_is_never_replaced(tmp_path: Path) -> None:
    FileRoot.create(tmp_path / "root.key")
    with pytest.raises(UsageError, match="a root key of that name already"):
        FileRoot.create(tmp_path / "root.key")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged"),
        ("{}", "damaged"),
        ('{"format": 1, "root": "zz"}', "damaged"),
        ('{"format": 1, "root": "00"}', "damaged"),
        ("[1]", "damaged"),
        (json.dumps({"format": 2, "root": "00" * 32}), "damaged"),
        (json.dumps({"format": 1, "root": "00" * 32}), "does not open"),
    ],
)
def test_a_wrong_or_damaged_root_is_told(tmp_path: Path, text: str, words: str) -> None:
    keyring = new_vault(tmp_path / "v")
    (keyring.folder / "root.key").write_text(text)
    with pytest.raises(TableError, match=words):
        Keyring.open(keyring.folder)


def test_a_missing_root_is_told(tmp_path: Path) -> None:
    keyring = new_vault(tmp_path / "v")
    (keyring.folder / "root.key").unlink()
    with pytest.raises(TableError, match="root key is missing"):
        Keyring.open(keyring.folder)


def test_a_root_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keyring = new_vault(tmp_path / "v")
    (keyring.folder / "root.key").chmod(0o640)
    with pytest.raises(TableError, match="read by others") as caught:
        Keyring.open(keyring.folder)
    assert "chmod 600" in caught.value.remedy


def test_a_root_elsewhere_is_found_again(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    keyring = Keyring.create(tmp_path / "v", FileRoot.create(tmp_path / "stick" / "root.key"))
    token = keyring.cipher("ssn").protect(VALUES)
    assert Keyring.open(tmp_path / "v").cipher("ssn").reveal(token) == VALUES
    assert not list((tmp_path / "v").glob("*.key"))


# Passphrases


def test_a_vault_opens_with_its_passphrase_only(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "v", PassphraseRoot.create(WORDS, CHEAP))
    token = keyring.cipher("ssn").protect(VALUES)
    assert Keyring.open(tmp_path / "v", lambda _: WORDS).cipher("ssn").reveal(token) == VALUES
    for wrong in ("", "correct horse battery stapl", WORDS.upper(), WORDS + " "):
        with pytest.raises(TableError, match="does not open this keyring") as caught:
            Keyring.open(tmp_path / "v", lambda _, wrong=wrong: wrong)
        assert not wrong or wrong not in str(caught.value)
    with pytest.raises(UsageError, match="nobody is there to give it"):
        Keyring.open(tmp_path / "v")


def test_nothing_but_the_wrapped_secret_tells_a_guess(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "v", PassphraseRoot.create(WORDS, CHEAP))
    root = json.loads((tmp_path / "v" / keyfile.KEYRING_FILE).read_text())["root"]
    assert set(root) == {"kind", "function", "salt", "cost"}


def test_the_same_passphrase_typed_in_another_unicode_form_opens(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "v", PassphraseRoot.create("crème brûlée tous les jours", CHEAP))
    import unicodedata

    apart = unicodedata.normalize("NFD", "crème brûlée tous les jours")
    assert Keyring.open(tmp_path / "v", lambda _: apart).vault_id


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(UsageError, match="shorter than 15"):
        PassphraseRoot.create("fourteen chars")


@pytest.mark.parametrize(
    "cost",
    [
        {"passes": 1, "memory_kib": 1 << 40, "lanes": 1},
        {"passes": 10**9, "memory_kib": 64, "lanes": 1},
        {"passes": 0, "memory_kib": 64, "lanes": 1},
        {"passes": 1, "memory_kib": 64, "lanes": 0},
        {"passes": 1},
        {"speed": 1},
        "none",
    ],
)
def test_a_cost_that_was_tampered_with_does_not_take_the_machine(
    tmp_path: Path, cost: object
) -> None:
    Keyring.create(tmp_path / "v", PassphraseRoot.create(WORDS, CHEAP))
    path = tmp_path / "v" / keyfile.KEYRING_FILE
    held = json.loads(path.read_text())
    held["root"]["cost"] = cost
    path.write_text(json.dumps(held))
    with pytest.raises(TableError):
        Keyring.open(tmp_path / "v", lambda _: WORDS)


# A key service


@pytest.fixture
def transit() -> Transit:
    return Transit()


@pytest.fixture
def address(transit: Transit) -> Iterator[str]:
    with serving(transit) as url:
        yield url


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def root(address: str, tmp_path: Path, waits: list[float]) -> TransitRoot:
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    return TransitRoot(Service(address, "amends", str(token)), waits.append)


def test_a_vault_opens_through_the_key_service(
    transit: Transit, root: TransitRoot, tmp_path: Path
) -> None:
    keyring = Keyring.create(tmp_path / "v", root)
    token = keyring.cipher("ssn").protect(VALUES)
    assert Keyring.open(tmp_path / "v").cipher("ssn").reveal(token) == VALUES
    text = (tmp_path / "v" / keyfile.KEYRING_FILE).read_text()
    assert "vault:v1:" in text and TOKEN not in text
    # Asked once to make it, once to open it; never per value.
    assert [path for _, path, _ in transit.requests] == [
        "/v1/transit/encrypt/amends",
        "/v1/transit/decrypt/amends",
    ]


def test_the_service_never_sees_a_secret_of_another_vault_as_this_ones(root: TransitRoot) -> None:
    wrapped = root.wrap(b"s" * 32, "one vault")
    with pytest.raises(TableError, match="does not open this keyring"):
        root.unwrap(wrapped, "another vault")


def test_the_service_rewraps_under_its_newest_version(
    transit: Transit, root: TransitRoot, tmp_path: Path
) -> None:
    keyring = Keyring.create(tmp_path / "v", root)
    other = Keyring.open(tmp_path / "v")
    token = keyring.cipher("ssn").protect(VALUES)
    transit.rotate()
    assert root.key_versions() == {"latest_version": 2, "min_decryption_version": 1}
    transit.denied = {"decrypt", "encrypt"}  # the secret is not seen on the way
    rewrap(keyring)
    transit.denied = set()
    transit.min_decryption_version = 2
    assert Keyring.open(tmp_path / "v").cipher("ssn").reveal(token) == VALUES
    assert other.cipher("ssn").reveal(token) == VALUES  # who had it open goes on


def test_a_version_the_service_no_longer_decrypts_is_told(
    transit: Transit, root: TransitRoot, tmp_path: Path
) -> None:
    Keyring.create(tmp_path / "v", root)
    transit.rotate()
    transit.min_decryption_version = 2
    with pytest.raises(TableError, match="could not use its key") as caught:
        Keyring.open(tmp_path / "v")
    assert "min_decryption_version" in caught.value.remedy


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "refuses this token"),
        (404, "knows no such path"),
        (307, "another node"),
        (418, "answered 418"),
    ],
)
def test_a_refusal_is_told_at_once(
    transit: Transit, root: TransitRoot, waits: list[float], status: int, words: str
) -> None:
    transit.faults = [status]
    with pytest.raises(UsageError, match=words) as caught:
        root.wrap(b"s" * 32, "a")
    assert not waits and len(transit.requests) == 1
    assert TOKEN not in str(caught.value) and caught.value.remedy


def test_a_sealed_service_is_told_at_once(
    transit: Transit, root: TransitRoot, waits: list[float]
) -> None:
    transit.sealed = True
    with pytest.raises(UsageError, match="is sealed"):
        root.wrap(b"s" * 32, "a")
    assert not waits


@pytest.mark.parametrize("status", [429, 500, 502, 503, 412])
def test_what_passes_is_waited_for(
    transit: Transit, root: TransitRoot, waits: list[float], status: int
) -> None:
    transit.faults = [status, status]
    assert root.unwrap(root.wrap(b"s" * 32, "a"), "a") == b"s" * 32
    assert waits == [0.25, 0.5]


def test_what_does_not_pass_is_given_up(
    transit: Transit, root: TransitRoot, waits: list[float]
) -> None:
    transit.faults = [503] * 9
    with pytest.raises(UsageError, match="down for maintenance"):
        root.wrap(b"s" * 32, "a")
    assert len(transit.requests) == ATTEMPTS and waits == [0.25, 0.5, 1.0]


def test_a_service_that_is_not_there_is_told(tmp_path: Path, waits: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    root = TransitRoot(Service(f"http://127.0.0.1:{port}", "amends", str(token)), waits.append)
    with pytest.raises(UsageError, match="did not answer"):
        root.wrap(b"s" * 32, "a")
    assert len(waits) == ATTEMPTS - 1


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b"{}", b'{"data": 1}', b'{"data": {}}', b'{"data": {"ciphertext": "vault:v0:AA"}}',
     b'{"data": {"ciphertext": "AA", "plaintext": "?"}}', b'{"data": {"x": "' + b"y" * (2 << 20) + b'"}}'],
)  # fmt: skip
def test_an_answer_that_is_not_the_services_is_told(
    transit: Transit, root: TransitRoot, answer: bytes
) -> None:
    transit.answer = answer
    for act in (lambda: root.wrap(b"s" * 32, "a"), lambda: root.unwrap("vault:v1:AAAA", "a")):
        with pytest.raises(UsageError, match="not its own"):
            act()


def test_a_key_that_is_not_there_is_told(transit: Transit, root: TransitRoot) -> None:
    transit.keys.clear()
    with pytest.raises(TableError, match="could not use its key"):
        root.unwrap("vault:v1:AAAA", "a")


@pytest.mark.parametrize(
    ("address", "key", "mount"),
    [
        ("http://vault.example:8200", "amends", "transit"),
        ("ftp://vault.example", "amends", "transit"),
        ("https://user:pw@vault.example", "amends", "transit"),
        ("https://vault.example?x=1", "amends", "transit"),
        ("vault.example", "amends", "transit"),
        ("https://vault.example", "../sys/seal", "transit"),
        ("https://vault.example", "amends", "transit/../sys"),
        ("https://vault.example", "amends.", "transit"),
        ("https://vault.example", "", "transit"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_sent(
    address: str, key: str, mount: str
) -> None:
    with pytest.raises(UsageError) as caught:
        TransitRoot(Service(address, key, "token", mount))
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "mode"), [(TOKEN, 0o644), ("", 0o600), ("a\nb", 0o600), ("ß", 0o600)]
)
def test_a_token_file_that_is_open_or_empty_is_refused(
    root: TransitRoot, transit: Transit, text: str, mode: int
) -> None:
    path = Path(root.service.token_file)
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(UsageError, match="open to everybody, or holds no token"):
        root.wrap(b"s" * 32, "a")
    assert not transit.requests


def test_the_certificate_is_checked(transit: Transit, tmp_path: Path, waits: list[float]) -> None:
    authority = _certificate(tmp_path / "server.pem")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    with serving(transit, tmp_path / "server.pem") as url:
        trusting = TransitRoot(Service(url, "amends", str(token), ca_file=str(authority)))
        assert trusting.unwrap(trusting.wrap(b"s" * 32, "a"), "a") == b"s" * 32
        with pytest.raises(UsageError, match="certificate is not trusted"):
            TransitRoot(Service(url, "amends", str(token)), waits.append).wrap(b"s" * 32, "a")
    assert all(method == "POST" for method, _, _ in transit.requests) and len(transit.requests) == 2


def _certificate(path: Path) -> Path:
    """Write a certificate of 127.0.0.1 that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + pem)
    (path.parent / "ca.pem").write_bytes(pem)
    return path.parent / "ca.pem"


# Changing the root


def _roots(tmp_path: Path, root: TransitRoot) -> dict[str, RootKey]:
    return {
        "file": FileRoot.create(tmp_path / "second.key"),
        "passphrase": PassphraseRoot.create(WORDS, CHEAP),
        "transit": root,
    }


@pytest.mark.parametrize("kind", ["file", "passphrase", "transit"])
def test_another_root_opens_everything_and_the_old_one_nothing(
    tmp_path: Path, root: TransitRoot, kind: str
) -> None:
    keyring = new_vault(tmp_path / "v")
    ciphers = [keyring.cipher("ssn"), keyring.cipher("ssn", "ff1"), keyring.cipher("ssn", "random")]
    values = pa.array(["666-12-3456", None, ""])
    tokens = [c.protect(values) for c in ciphers]
    numbers, seal = keyring.blind("ssn").hash(b"1"), keyring.mac_key("audit")
    old_secret, old_root = keyring._secret, FileRoot(tmp_path / "v" / "root.key")
    rewrap(keyring, _roots(tmp_path, root)[kind])

    (tmp_path / "v" / "root.key").unlink()
    opened = Keyring.open(tmp_path / "v", lambda _: WORDS)
    assert [
        opened.cipher("ssn", c.scheme).reveal(t) for c, t in zip(ciphers, tokens, strict=True)
    ] == [values] * 3
    assert opened.blind("ssn").hash(b"1") == numbers and opened.mac_key("audit") == seal
    assert keyring.cipher("ssn").reveal(tokens[0]) == values  # who changed it goes on

    file, _ = keyfile.read(tmp_path / "v")
    with pytest.raises(TableError, match="does not open"):
        old_root.unwrap(file.secret, f"amends/1/root-secret/{file.vault_id}")
    from amends.vault import wrapping

    for held in file.keys:
        with pytest.raises(TableError):
            wrapping.unwrap(old_secret, file.vault_id, held)


def test_who_had_the_vault_open_is_told_that_its_root_changed(tmp_path: Path) -> None:
    keyring = new_vault(tmp_path / "v")
    other = Keyring.open(tmp_path / "v")
    rewrap(keyring, FileRoot.create(tmp_path / "second.key"))
    with pytest.raises(TableError, match="root of this vault was changed"):
        other.cipher("ssn")


def test_a_new_root_that_cannot_be_reached_changes_nothing(
    tmp_path: Path, transit: Transit, root: TransitRoot
) -> None:
    keyring = new_vault(tmp_path / "v")
    token = keyring.cipher("ssn").protect(VALUES)
    before = (tmp_path / "v" / keyfile.KEYRING_FILE).read_bytes()
    transit.sealed = True
    with pytest.raises(UsageError, match="is sealed"):
        rewrap(keyring, root)
    assert (tmp_path / "v" / keyfile.KEYRING_FILE).read_bytes() == before
    assert Keyring.open(tmp_path / "v").cipher("ssn").reveal(token) == VALUES


def test_renewing_a_file_root_draws_a_fresh_secret(tmp_path: Path) -> None:
    keyring = new_vault(tmp_path / "v")
    token = keyring.cipher("ssn").protect(VALUES)
    before = keyring._secret
    rewrap(keyring)
    assert keyring._secret != before
    assert Keyring.open(tmp_path / "v").cipher("ssn").reveal(token) == VALUES


_CHANGER = """
import sys
from pathlib import Path
from amends.vault.keyring import Keyring
from amends.vault.rerooting import rewrap
from amends.vault.roots.file import FileRoot

keyring = Keyring.open(Path(sys.argv[1]))
roots = [FileRoot(Path(name), name) for name in sys.argv[2:]]
while True:
    for root in roots:
        rewrap(keyring, root)
        print("changed", flush=True)
"""


def test_whoever_is_killed_while_changing_the_root_leaves_a_vault_that_opens(
    tmp_path: Path,
) -> None:
    keyring = new_vault(tmp_path / "v")
    token = keyring.cipher("ssn").protect(VALUES)
    names = [str(tmp_path / "one.key"), str(tmp_path / "two.key")]
    for name in names:
        FileRoot.create(Path(name))
    chance = random.Random(3)
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", _CHANGER, str(tmp_path / "v"), *names],
            stdout=subprocess.PIPE,
            text=True,
        ) as changer:
            assert changer.stdout is not None and changer.stdout.readline() == "changed\n"
            time.sleep(chance.random() * 0.05)
            changer.kill()
        opened = Keyring.open(tmp_path / "v")
        assert opened.cipher("ssn").reveal(token) == VALUES
        assert not list(opened.ledger.faults())
