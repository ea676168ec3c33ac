"""A batch of answers says what the API says, appears whole, and names nobody."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from amends.kernel.errors import UsageError
from amends.portal.banner.answer import BannerEdition, NoClaims
from amends.portal.banner.export import (
    MOST_HOURS,
    export_banners,
    read_accounts,
    written_whole,
)
from tests.portal.banner_world import Company, company
from tests.portal.world import ACCOUNTS

LISTED = [*ACCOUNTS, "nobody", "ñandú 7"]


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return company(tmp_path_factory.mktemp("export"))


def exported(asker: Company, accounts: list[str], **given: Any) -> list[dict[str, Any]]:
    out = io.BytesIO()
    export_banners(asker.published, asker.key.account_key, [pa.array(accounts)], out, **given)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_each_account_has_the_answer_that_the_api_gives(asker: Company) -> None:
    keys = asker.published.keys
    edition = BannerEdition(asker.published.edition, keys.index, keys.signing)
    lines = exported(asker, LISTED)
    assert [line["account_ref"] for line in lines] == [asker.world.ref(a) for a in LISTED]
    for line in lines:
        batch = asker.read(line["answer"])
        asked = asker.read(edition.token(line["account_ref"], NoClaims(), 1) or b"")
        times = ("iat", "exp")
        assert {k: v for k, v in batch.items() if k not in times} == {
            k: v for k, v in asked.items() if k not in times
        }
        assert batch["sub"] == line["account_ref"]


def test_exported_answers_last_as_long_as_asked(
    asker: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-22T00:00:00+00:00")
    answer = asker.read(exported(asker, ["555-0001"], hours=48)[0]["answer"])
    assert answer["exp"] - answer["iat"] == 48 * 3600


def test_all_lines_are_equally_long(asker: Company) -> None:
    assert len({len(json.dumps(line)) for line in exported(asker, LISTED)}) == 1


@pytest.mark.parametrize("hours", [0, -1, MOST_HOURS + 1])
def test_answers_that_would_outlive_what_is_known_are_refused(asker: Company, hours: int) -> None:
    with pytest.raises(UsageError):
        exported(asker, LISTED, hours=hours)


def test_the_summary_counts_the_states(asker: Company) -> None:
    made = export_banners(asker.published, asker.key.account_key, [pa.array(LISTED)], io.BytesIO())
    assert made.states == {"yes": 4, "no": 2, "undecided": 1}
    assert made.n_answers == len(LISTED)


def test_an_account_named_twice_and_an_empty_list_do_no_harm(asker: Company) -> None:
    assert len(exported(asker, ["555-0001", "555-0001"])) == 2
    out = io.BytesIO()
    assert export_banners(asker.published, asker.key.account_key, [], out).n_answers == 0


def test_accounts_are_read_from_any_of_the_usual_files(tmp_path: Path) -> None:
    text = 'account,since\n555-0001,2020\n\n "555-0002" \nñandú 7,x\n'
    (tmp_path / "a.csv").write_text("\ufeff" + text, "utf-8")
    (tmp_path / "a.txt").write_text("555-0001\r\n555-0002\r\nñandú 7", "utf-8")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "a.txt.zst").write_bytes(zstandard.compress(text.encode()))
    pq.write_table(
        pa.table({"account": ["555-0001", None, "555-0002", "ñandú 7"], "other": [1, 2, 3, 4]}),
        tmp_path / "a.parquet",
    )
    for name in ("a.csv", "a.txt", "a.txt.gz", "a.txt.zst", "a.parquet"):
        found = [a for block in read_accounts(tmp_path / name) for a in block.to_pylist()]
        assert found == ["555-0001", "555-0002", "ñandú 7"], name


def test_numbers_in_a_parquet_file_are_accounts_too(tmp_path: Path) -> None:
    pq.write_table(pa.table({"account": [5550001, 5550002]}), tmp_path / "a.parquet")
    assert [b.to_pylist() for b in read_accounts(tmp_path / "a.parquet")] == [
        ["5550001", "5550002"]
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("absent.txt", None),
        ("long.txt", b"5" * 300),
        ("binary.txt", b"\xff\xfe\x00"),
        ("cut.gz", gzip.compress(b"555-0001\n" * 9999, mtime=0)[:50]),
        ("no.gz", b"no archive"),
        ("no.zst", b"no archive"),
        ("no.parquet", b"no table"),
    ],
)
def test_a_list_that_cannot_be_read_is_told_without_its_contents(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as told:
        list(read_accounts(tmp_path / name))
    assert "55" not in str(told.value)


def test_a_parquet_file_without_accounts_is_told(tmp_path: Path) -> None:
    pq.write_table(pa.table({"other": [1]}), tmp_path / "a.parquet")
    with pytest.raises(UsageError):
        list(read_accounts(tmp_path / "a.parquet"))


@pytest.mark.parametrize(
    ("name", "unpack"),
    [
        ("o.jsonl", bytes),
        ("o.jsonl.gz", gzip.decompress),
        ("o.jsonl.zst", lambda b: zstandard.ZstdDecompressor().decompressobj().decompress(b)),
    ],
)
def test_the_file_appears_whole_and_for_its_owner_alone(
    tmp_path: Path, name: str, unpack: Any
) -> None:
    path = tmp_path / name
    with written_whole(path) as out:
        out.write(b"one\n")
        assert not path.exists()
        out.write(b"two\n")
    assert unpack(path.read_bytes()) == b"one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_bytes(b"before\n")
    with pytest.raises(UsageError), written_whole(path) as out:
        out.write(b"half\n")
        raise UsageError("stop")
    assert path.read_bytes() == b"before\n"
    assert [p.name for p in tmp_path.iterdir()] == ["o.jsonl"]
