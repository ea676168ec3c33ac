from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from amends.cli.main import cli
from amends.kernel.errors import AmendsError
from amends.vault.keyring import Keyring
from tests.vault.transit import TOKEN, Transit, serving

WORDS = "correct horse battery staple"
VALUES = pa.array(["L-100001", "L-100002", None])


def _run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["--no-input", "vault", *map(str, words)])


def _ok(*words: object) -> Result:
    done = _run(*words)
    assert done.exception is None, done.exception
    return done


def _refused(*words: object) -> AmendsError:
    done = _run(*words)
    assert isinstance(done.exception, AmendsError), (done.exception, done.output)
    assert done.exception.remedy
    return done.exception


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    _ok("new", tmp_path / "vault")
    return tmp_path / "vault"


def _secret(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def _tokens(vault: Path, path: Path) -> pa.Array:
    made = Keyring.open(vault).cipher("loyalty_number").protect(VALUES)
    pq.write_table(pa.table({"number": made}), path)
    return made


def test_a_vault_is_made_once_and_shows_its_keys(vault: Path) -> None:
    Keyring.open(vault).cipher("ssn")
    answer = json.loads(_ok("keys", vault, "--json").stdout)
    assert [(d["name"], d["scheme"], d["version"]) for d in answer["domains"]] == [
        ("ssn", "siv", 1)
    ]
    assert answer["root"] == {"kind": "file", "file": "root.key"}
    assert "ssn" in _ok("keys", vault).stdout
    assert "a vault here already" in _refused("new", vault).what


def test_a_vault_with_a_passphrase_is_opened_by_a_file(tmp_path: Path) -> None:
    good, bad = _secret(tmp_path / "p", WORDS + "\n"), _secret(tmp_path / "q", "wrong" * 5)
    short = _secret(tmp_path / "s", "short\n")
    assert "nobody is there" in _refused("new", tmp_path / "v", "--root", "passphrase").what
    assert (
        "shorter than 15"
        in _refused(
            "new", tmp_path / "v", "--root", "passphrase", "--new-passphrase-file", short
        ).what
    )
    assert not (tmp_path / "v" / "keyring.json").exists()
    _ok("new", tmp_path / "v", "--root", "passphrase", "--new-passphrase-file", good)
    _ok("keys", tmp_path / "v", "--passphrase-file", good)
    assert "does not open" in _refused("keys", tmp_path / "v", "--passphrase-file", bad).what
    assert "--passphrase-file" in _refused("keys", tmp_path / "v").remedy


def test_a_vault_moves_to_a_key_service_and_back(vault: Path, tmp_path: Path) -> None:
    tokens = _tokens(vault, tmp_path / "l.parquet")
    transit = Transit()
    token = _secret(tmp_path / "token", TOKEN)
    with serving(transit) as address:
        _ok(
            "rewrap",
            vault,
            "--root",
            "transit",
            "--transit-address",
            address,
            "--token-file",
            token,
        )
        (vault / "root.key").unlink()
        answer = json.loads(_ok("keys", vault, "--json").stdout)
        assert answer["root"]["kind"] == "transit" and TOKEN not in json.dumps(answer)
        transit.rotate()
        _ok("rewrap", vault)
        transit.min_decryption_version = 2
        assert Keyring.open(vault).cipher("loyalty_number").reveal(tokens) == VALUES
        transit.sealed = True
        assert "sealed" in _refused("keys", vault).what
        transit.sealed = False
        _ok("rewrap", vault, "--root", "file", "--root-file", tmp_path / "stick" / "root.key")
    assert Keyring.open(vault).cipher("loyalty_number").reveal(tokens) == VALUES


def test_a_key_service_needs_address_and_token(tmp_path: Path) -> None:
    assert "address and a token" in _refused("new", tmp_path / "v", "--root", "transit").what


def test_rotate_drop_and_shred_in_the_order_of_a_persons_work(vault: Path, tmp_path: Path) -> None:
    parts = tmp_path / "l.parquet"
    old = _tokens(vault, parts)
    at = ("--at", parts, ".", "number")
    done = json.loads(_ok("rotate", vault, "loyalty_number", *at, "--json").stdout)
    assert (done["old"], done["new"], done["rows"], done["held"], done["ended"]) == (
        1,
        2,
        3,
        {"2": 2},
        True,
    )
    assert "no place" in _refused("rotate", vault, "loyalty_number").what.lower()
    dropped = _ok(
        "shred",
        vault,
        "loyalty_number",
        "--version",
        1,
        *at,
        "--reason",
        "rotated",
        "--yes",
        "--json",
    )
    assert json.loads(dropped.stdout)["left"] == []
    cipher = Keyring.open(vault).cipher("loyalty_number")
    assert cipher.reveal(pq.read_table(parts)["number"]) == VALUES
    with pytest.raises(AmendsError, match="shredded"):
        cipher.reveal(old)
    certificate = tmp_path / "c.json"
    _ok("shred", vault, "loyalty_number", "--reason", "ended", "--to", certificate, "--yes")
    assert json.loads(certificate.read_text())["keys"][0]["version"] == 2
    assert "shredded" in _refused("rotate", vault, "loyalty_number", *at).what


def test_shredding_asks_first(vault: Path, tmp_path: Path) -> None:
    _tokens(vault, tmp_path / "l.parquet")
    assert "needs a yes" in _refused("shred", vault, "loyalty_number", "--reason", "ended").what
    assert Keyring.open(vault).cipher("loyalty_number").version == 1


def test_a_copy_of_the_keyring_in_the_vault_leaves_with_exit_code_10(
    vault: Path, tmp_path: Path
) -> None:
    _tokens(vault, tmp_path / "l.parquet")
    (vault / "keyring.json.bak").write_bytes((vault / "keyring.json").read_bytes())
    done = _run("shred", vault, "loyalty_number", "--reason", "ended", "--yes")
    assert done.exit_code == 10 and "keyring.json.bak" in done.output


def test_columns_of_one_database_table_are_turned_together(vault: Path, tmp_path: Path) -> None:
    tokens = Keyring.open(vault).cipher("ssn").protect(pa.array(["666-12-3456"])).to_pylist()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'people.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER PRIMARY KEY, a TEXT, b TEXT)")
        connection.exec_driver_sql("INSERT INTO people VALUES (1, ?, ?)", (tokens[0], tokens[0]))
    engine.dispose()
    store = tmp_path / "people.db"
    _ok(
        "rotate",
        vault,
        "ssn",
        "--at",
        store,
        "people",
        "a",
        "--at",
        f"sqlite:///{store}",
        "people",
        "b",
    )
    with engine.connect() as connection:
        a, b = connection.exec_driver_sql("SELECT a, b FROM people").one()
    engine.dispose()
    assert a == b and a.startswith("tk2_")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (("nothing.db", "people", "a"), "no such database"),
        (("people.csv", ".", "a"), "not turned in place"),
        (("postgresql://u:pw@h/db", "people", "a"), "holds a password"),
        (("people.doc", "people", "a"), "no store"),
    ],
)
def test_a_place_that_cannot_be_turned_is_told(
    vault: Path, place: tuple[str, str, str], words: str
) -> None:
    Keyring.open(vault).cipher("ssn")
    found = _refused("rotate", vault, "ssn", "--at", *place)
    assert words in found.what and "pw" not in str(found)


def test_leaks_say_which_scheme_to_take(tmp_path: Path) -> None:
    rows = "\n".join(f"{n},666{n:06d},{89500 + n % 7:05d}" for n in range(1_200))
    (tmp_path / "people.csv").write_text("id,ssn,zip\n" + rows + "\n")
    found = json.loads(_ok("leaks", tmp_path / "people.csv", "--json").stdout)
    taken = {leak["column"]: leak["advice"] for leak in found}
    assert taken["ssn"] == "siv" and taken["zip"] == "random"
    one = json.loads(
        _ok(
            "leaks",
            tmp_path / "people.csv",
            "--column",
            "ssn",
            "--element",
            "account_number",
            "--json",
        ).stdout
    )
    assert [(leak["column"], leak["element"]) for leak in one] == [("ssn", "account_number")]
    assert "666000001" not in _ok("leaks", tmp_path / "people.csv").output
    assert "No column" in _refused("leaks", tmp_path / "people.csv", "--table", "nothing").what
