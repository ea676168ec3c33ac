from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.kernel.errors import BusyError, TableError, UsageError
from amends.vault import keyfile
from amends.vault.ciphers import TOKEN_FORM, Scheme
from amends.vault.keyring import Keyring
from tests.vault.vaults import new_vault

SSNS = pa.array(["666-12-3456", None, "", "666123457", "666-12-3456"])


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return new_vault(tmp_path / "vault")


def _edited(keyring: Keyring, change: object) -> None:
    path = keyring.folder / keyfile.KEYRING_FILE
    held = json.loads(path.read_text())
    assert callable(change)
    change(held)
    path.write_text(json.dumps(held))


# What it is for


def test_the_same_value_has_the_same_token_after_opening_again(keyring: Keyring) -> None:
    tokens = keyring.cipher("ssn").protect(SSNS)
    again = Keyring.open(keyring.folder).cipher("ssn")
    assert again.protect(SSNS) == tokens and again.reveal(tokens) == SSNS
    assert tokens[0] == tokens[4] and tokens[1].as_py() is None and tokens[2].as_py() == ""


def test_a_token_has_the_form_that_stores_look_for(keyring: Keyring) -> None:
    for scheme in ("siv", "random"):
        tokens = keyring.cipher("ssn", scheme).protect(pa.array(["1", "123456789", "é" * 90]))
        assert pa.compute.all(pa.compute.match_substring_regex(tokens, TOKEN_FORM)).as_py()
    assert keyring.cipher("ssn").protect(pa.array(["1"]))[0].as_py().startswith("tk1_")


def test_a_domain_has_a_key_of_its_own(keyring: Keyring) -> None:
    one, other = keyring.cipher("ssn"), keyring.cipher("account_number")
    value = pa.array(["123456789"])
    assert one.protect(value) != other.protect(value)
    with pytest.raises(TableError, match="is not a token of account_number"):
        other.reveal(one.protect(value))


def test_two_vaults_share_nothing(tmp_path: Path) -> None:
    one, other = new_vault(tmp_path / "a"), new_vault(tmp_path / "b")
    tokens = one.cipher("ssn").protect(SSNS)
    assert other.cipher("ssn").protect(SSNS) != tokens
    assert one.mac_key("audit") != other.mac_key("audit")
    with pytest.raises(TableError, match="use the vault that made the tokens"):
        other.cipher("ssn").reveal(tokens)


def test_blind_index_and_seals_stay_the_same(keyring: Keyring) -> None:
    number, key = keyring.blind("ssn").hash(b"123456789"), keyring.mac_key("audit")
    again = Keyring.open(keyring.folder)
    assert again.blind("ssn").hash(b"123456789") == number
    assert again.mac_key("audit") == key != again.mac_key("plans")


def test_forms_are_what_a_search_looks_for(keyring: Keyring) -> None:
    cipher = keyring.cipher("ssn")
    token = cipher.protect(pa.array(["666-12-3456"]))[0].as_py()
    assert cipher.forms("666-12-3456") == [token]
    assert cipher.forms("") == [""]
    with pytest.raises(TableError, match="differ each time"):
        keyring.cipher("ssn", "random").forms("666-12-3456")


def test_random_tokens_differ_and_are_read_alike(keyring: Keyring) -> None:
    cipher = keyring.cipher("diagnosis", "random")
    values = pa.array(["J45.9"] * 50 + ["", None])
    tokens = cipher.protect(values)
    assert len(set(tokens.to_pylist()[:50])) == 50 and cipher.reveal(tokens) == values
    assert cipher.are_tokens(tokens).to_pylist() == [True] * 50 + [False, None]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=40),
    st.sampled_from(["siv", "random"]),
)
def test_what_is_protected_is_revealed(
    keyring: Keyring, values: list[str | None], scheme: Scheme
) -> None:
    # A text with a lone surrogate cannot be a text in Arrow.
    held = pa.array(
        [v.encode("utf-8", "replace").decode() if v else v for v in values], pa.string()
    )
    cipher = keyring.cipher("name", scheme)
    tokens = cipher.protect(held)
    assert cipher.reveal(tokens) == held
    assert cipher.are_tokens(tokens).to_pylist() == [
        v if v is None else bool(v) for v in held.to_pylist()
    ]


@pytest.mark.parametrize(
    "layout",
    [
        lambda a: a.cast(pa.large_string()),
        lambda a: a.cast(pa.string_view()),
        lambda a: a.dictionary_encode(),
        lambda a: pa.chunked_array([a.slice(0, 2), a.slice(2)]),
        lambda a: pa.concat_arrays([pa.array(["x"]), a]).slice(1),
    ],
)
def test_any_layout_of_texts_gives_the_same_tokens(keyring: Keyring, layout: object) -> None:
    cipher = keyring.cipher("ssn")
    assert callable(layout)
    assert cipher.protect(layout(SSNS)) == cipher.protect(SSNS)
    assert cipher.reveal(layout(cipher.protect(SSNS))) == SSNS


def test_threads_may_share_a_cipher(keyring: Keyring) -> None:
    cipher = keyring.cipher("ssn")
    parts = [pa.array([f"{n:09d}" for n in range(at, at + 2000)]) for at in range(0, 40_000, 2000)]
    with ThreadPoolExecutor(4) as pool:
        for part, tokens in zip(parts, pool.map(cipher.protect, parts), strict=True):
            assert cipher.reveal(tokens) == part


# FF1


def test_ff1_keeps_letters_length_and_layout(keyring: Keyring) -> None:
    cipher = keyring.cipher("ssn", "ff1")
    values = pa.array(["666-12-3456", "666123456", "6661-23456", "666 12 3457", None, ""])
    tokens = cipher.protect(values).to_pylist()
    bare = tokens[1]
    assert (
        tokens[0] == f"{bare[:3]}-{bare[3:5]}-{bare[5:]}" and tokens[2] == f"{bare[:4]}-{bare[4:]}"
    )
    assert [t and len(t) for t in tokens] == [v and len(v) for v in values.to_pylist()]
    assert cipher.reveal(pa.array(tokens)) == values
    assert cipher.forms("666-12-3456") == [tokens[0]]
    assert cipher.are_tokens(values).null_count == len(values)


def test_a_card_keeps_its_checksum_when_asked(keyring: Keyring) -> None:
    cipher = keyring.cipher("card", "ff1", form="luhn")
    holds = ["4111-1111-1111-1111", "4111111111111111", "378282246310005", "6011000990139424"]
    fails = ["4111111111111112", "1234567"]
    tokens = cipher.protect(pa.array(holds + fails)).to_pylist()
    assert [_luhn(t) for t in tokens] == [True] * 4 + [False] * 2
    assert cipher.reveal(pa.array(tokens)).to_pylist() == holds + fails
    # The format is remembered: whoever opens the domain later need not name it.
    assert (
        Keyring.open(keyring.folder).cipher("card", "ff1").protect(pa.array(holds)).to_pylist()
        == tokens[:4]
    )
    with pytest.raises(UsageError, match="keep the format luhn"):
        keyring.cipher("card", "ff1", form="digits")


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()][::-1]
    return sum(d if i % 2 == 0 else (2 * d - 9 * (d > 4)) for i, d in enumerate(digits)) % 10 == 0


@pytest.mark.parametrize(
    "value", ["12345", "1", "123456x", "１２３４５６７８９", "12_34_5678", "A1234567"]
)
def test_a_form_ff1_cannot_keep_is_refused_and_not_named(keyring: Keyring, value: str) -> None:
    with pytest.raises(
        TableError, match="Values of ssn have a form that FF1 cannot keep"
    ) as caught:
        keyring.cipher("ssn", "ff1").protect(pa.array(["123456789", value]))
    assert value not in f"{caught.value}" or len(value) == 1


@pytest.mark.parametrize(
    "element", ["ssn_last4", "zip", "birth_date", "pin", "card_cvv", "routing_number"]
)
def test_ff1_is_refused_where_a_million_values_are_not_there(
    keyring: Keyring, element: str
) -> None:
    with pytest.raises(UsageError, match="needs a million"):
        keyring.cipher(element, "ff1")
    assert not keyring.domains()


def test_an_ssn_stays_what_could_be_one_when_asked(keyring: Keyring) -> None:
    cipher = keyring.cipher("ssn", "ff1", form="ssn")
    could = [f"{area:03d}-{n % 99 + 1:02d}-{n + 1:04d}" for n, area in enumerate(range(1, 666))]
    could_not = ["666-12-3456", "000-12-3456", "901-12-3456", "123-00-4567", "123-45-0000"] * 3
    tokens = cipher.protect(pa.array(could + could_not)).to_pylist()
    issued = re.compile(r"(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}")
    assert [bool(issued.fullmatch(t)) for t in tokens] == [True] * len(could) + [False] * 15
    assert cipher.reveal(pa.array(tokens)).to_pylist() == could + could_not


def test_a_licence_keeps_letters_and_digits_as_one_alphabet(keyring: Keyring) -> None:
    cipher = keyring.cipher("drivers_licence", "ff1")
    values = pa.array(["D1234567", "WDLABCD456DG", "F255-921-50-094-0"])
    tokens = cipher.protect(values)
    assert cipher.reveal(tokens) == values
    assert tokens[2].as_py()[4::4][:1] == "-"
    with pytest.raises(TableError, match="digits and capital letters"):
        cipher.protect(pa.array(["d1234567"]))


# A token given twice, a column that mixes clear and tokens


@pytest.mark.parametrize("scheme", ["siv", "random", "ff1"])
def test_a_token_given_twice_is_refused(keyring: Keyring, scheme: Scheme) -> None:
    made = keyring.cipher("ssn").protect(pa.array(["666-12-3456"]))
    for domain in ("ssn", "account_number"):
        with pytest.raises(TableError, match="is a token of ssn already") as caught:
            keyring.cipher(domain, scheme).protect(
                pa.concat_arrays([pa.array(["123456789"]), made])
            )
        assert made[0].as_py() not in str(caught.value)


def test_what_only_looks_like_a_token_is_a_value(keyring: Keyring) -> None:
    cipher = keyring.cipher("note")
    looks = pa.array(
        ["tk1_" + "A" * 30, "tk2_" + "A" * 30, "tk01_" + "A" * 30, "tk_" + "A" * 30, "tk1_short"]
    )
    assert cipher.are_tokens(looks).to_pylist() == [False] * 5
    assert cipher.reveal(cipher.protect(looks)) == looks


def test_a_mixed_column_is_told_and_sorted_out(keyring: Keyring) -> None:
    cipher = keyring.cipher("ssn")
    tokens = cipher.protect(pa.array(["666-12-3456", "666-12-3457"])).to_pylist()
    mixed = pa.array([tokens[0], "666-12-3458", tokens[1], None])
    with pytest.raises(TableError, match="in clear among them with are_tokens"):
        cipher.reveal(mixed)
    assert cipher.are_tokens(mixed).to_pylist() == [True, False, True, None]


@pytest.mark.parametrize("scheme", ["siv", "random"])
def test_every_altered_letter_is_told(keyring: Keyring, scheme: Scheme) -> None:
    cipher = keyring.cipher("ssn", scheme)
    token = cipher.protect(pa.array(["66612345"]))[0].as_py()
    for place in range(len(token)):
        for letter in "A9_~é":
            altered = token[:place] + letter + token[place + 1 :]
            if altered != token:
                assert cipher.are_tokens(pa.array([altered])).to_pylist() == [False]
                with pytest.raises(TableError):
                    cipher.reveal(pa.array([altered]))


def test_a_version_that_was_never_held_is_told(keyring: Keyring) -> None:
    cipher = keyring.cipher("ssn")
    token = cipher.protect(pa.array(["66612345"]))[0].as_py().replace("tk1_", "tk7_")
    with pytest.raises(TableError, match="Version 7 of the key of ssn is not in this keyring"):
        cipher.reveal(pa.array([token]))


# The file


def test_only_the_owner_can_read_it(keyring: Keyring) -> None:
    keyring.cipher("ssn")
    assert keyring.folder.stat().st_mode & 0o777 == 0o700
    for path in keyring.folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_no_key_stands_in_the_file_or_the_ledger(keyring: Keyring) -> None:
    keyring.cipher("ssn"), keyring.mac_key("audit")
    secrets = [keyring.key("siv", "ssn", 1), keyring.key("mac", "audit", 1), keyring._secret]
    text = b"".join(p.read_bytes() for p in keyring.folder.iterdir() if p.name != "root.key")
    for secret in secrets:
        assert secret not in text and secret.hex().encode() not in text
        assert keyfile.packed(secret).encode() not in text
    assert str(keyring.folder) in repr(keyring) and keyring._secret.hex() not in repr(
        keyring.__dict__
    )


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.99])
def test_a_keyring_cut_short_is_told(keyring: Keyring, share: float) -> None:
    keyring.cipher("ssn")
    path = keyring.folder / keyfile.KEYRING_FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(TableError, match="damaged or cut short"):
        Keyring.open(keyring.folder)


TAMPERED = {
    "a key was taken out": lambda f: f["keys"].pop(),
    "a key was put in twice": lambda f: f["keys"].append(f["keys"][0]),
    "a key was made the active one": lambda f: f["keys"][0].update(state="retired"),
    "two keys changed places": lambda f: f.update(
        keys=[f["keys"][0] | {"wrapped": f["keys"][1]["wrapped"]}, *f["keys"][1:]]
    ),
    "a version was changed": lambda f: f["keys"][0].update(version=2),
    "a domain was changed": lambda f: f["keys"][0].update(domain="itin"),
    "the revision was changed": lambda f: f.update(revision=9),
    "the day was changed": lambda f: f.update(made_at="2020-01-01T00:00:00.000000Z"),
    "the seal was changed": lambda f: f.update(seal="0" * 64),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_keyring_that_was_tampered_with_is_told(keyring: Keyring, what: str) -> None:
    keyring.cipher("ssn"), keyring.cipher("itin")
    _edited(keyring, TAMPERED[what])
    with pytest.raises(TableError, match="altered after it was written"):
        Keyring.open(keyring.folder)


STRANGE = {
    "another version": (lambda f: f.update(format=2), "another version of Amends"),
    "a field too many": (lambda f: f.update(more=1), "damaged or cut short"),
    "no seal": (lambda f: f.pop("seal"), "damaged or cut short"),
    "no keys": (lambda f: f.pop("keys"), "damaged or cut short"),
    "another vault's id": (lambda f: f.update(vault_id="0" * 16), "root key does not open"),
    "another secret": (lambda f: f.update(secret="AAAA"), "root key does not open"),
    "no such root": (lambda f: f.update(root={"kind": "pigeon"}), "not known here"),
}


@pytest.mark.parametrize("what", STRANGE)
def test_a_keyring_that_makes_no_sense_is_told(keyring: Keyring, what: str) -> None:
    change, words = STRANGE[what]
    _edited(keyring, change)
    with pytest.raises(TableError, match=words):
        Keyring.open(keyring.folder)


def test_an_older_copy_put_back_is_told(keyring: Keyring) -> None:
    path = keyring.folder / keyfile.KEYRING_FILE
    older = path.read_bytes()
    keyring.cipher("ssn")
    path.write_bytes(older)
    with pytest.raises(TableError, match="older than the vault's ledger"):
        Keyring.open(keyring.folder)


def test_no_vault_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no vault here") as caught:
        Keyring.open(tmp_path)
    assert "amends vault new" in caught.value.remedy


def test_a_vault_is_not_made_twice(keyring: Keyring) -> None:
    with pytest.raises(UsageError, match="a vault here already"):
        Keyring.create(keyring.folder, keyring.root)


@pytest.mark.parametrize("name", ["", " ssn", "../ssn", "ssn\n", "a" * 81, "ß", "-ssn"])
def test_a_name_that_cannot_be_a_domains_is_refused(keyring: Keyring, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a domain"):
        keyring.cipher(name)


def test_a_full_disk_leaves_the_keyring_as_it_was(
    keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = keyring.cipher("ssn").protect(SSNS)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TableError, match="cannot be written; the one before stands"):
        keyring.cipher("itin")
    monkeypatch.undo()
    assert Keyring.open(keyring.folder).cipher("ssn").reveal(tokens) == SSNS
    assert not list(keyring.folder.glob(".keyring.json.*"))


# Several processes


def test_a_key_made_by_another_process_is_seen_at_once(keyring: Keyring) -> None:
    other = Keyring.open(keyring.folder)
    tokens = other.cipher("ssn").protect(SSNS)
    assert keyring.cipher("ssn").reveal(tokens) == SSNS
    assert [d.name for d in keyring.domains()] == ["ssn"]


_MAKER = """
import sys
from pathlib import Path
import pyarrow as pa
from amends.vault.keyring import Keyring

folder, n = Path(sys.argv[1]), int(sys.argv[2])
sys.stdin.readline()
keyring = Keyring.open(folder)
for i in range(n):
    print(keyring.cipher(f"d{i}").protect(pa.array(["123456789"]))[0].as_py(), flush=True)
"""


def _maker(folder: Path, n: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _MAKER, str(folder), str(n)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_processes_that_make_a_domain_at_once_get_one_key(keyring: Keyring) -> None:
    makers = [_maker(keyring.folder, 8) for _ in range(3)]
    outputs = []
    for maker in makers:
        assert maker.stdin is not None
        maker.stdin.write("\n")
        maker.stdin.flush()
    for maker in makers:
        outputs.append(maker.communicate(timeout=60)[0])
        assert maker.returncode == 0
    assert outputs[0] == outputs[1] == outputs[2] and len(outputs[0].split()) == 8
    assert [d.versions for d in Keyring.open(keyring.folder).domains()] == [(1,)] * 8
    assert not list(keyring.ledger.faults())


def test_whoever_is_killed_while_making_keys_leaves_a_whole_keyring(keyring: Keyring) -> None:
    chance = random.Random(4)
    told: dict[int, str] = {}
    for _ in range(5):
        with _maker(keyring.folder, 200) as maker:
            assert maker.stdin is not None and maker.stdout is not None
            maker.stdin.write("\n")
            maker.stdin.flush()
            maker.stdout.readline()
            time.sleep(chance.random() * 0.08)
            maker.send_signal(signal.SIGKILL)
        opened = Keyring.open(keyring.folder)
        assert opened.domains()
        token = opened.cipher("d0").protect(pa.array(["123456789"]))[0].as_py()
        assert told.setdefault(0, token) == token
        assert not list(opened.ledger.faults())


def test_whoever_cannot_wait_is_told_that_others_are_at_work(keyring: Keyring) -> None:
    with (
        keyfile.lock(keyring.folder),
        pytest.raises(BusyError, match="Another process is changing"),
        keyfile.lock(keyring.folder, wait=False),
    ):
        pass
