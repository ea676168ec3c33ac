# ruff: noqa: E501  (lines of logs)
"""Identifiers leave the texts of events; addresses, times, ports and sizes stay."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest

from amends.kernel.contents import RawPart
from amends.timeline import scrub
from amends.timeline.reading import read_log
from amends.timeline.scrub import mask_texts, masked
from tests.timeline.logs import origin


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ssn 900-12-3456 seen", "ssn ***-**-3456 seen"),
        ("SELECT * FROM c WHERE ssn = 900123456", "SELECT * FROM c WHERE ssn = ****3456"),
        ("WHERE ssn IN (900123456, 900987654)", "WHERE ssn IN (****3456, ****7654)"),
        ("VALUES ('D1234567', '900123456')", "VALUES ('****4567', '****3456')"),
        ("card 4111 1111 1111 1111", "card ****-****-****-1111"),
        ("card 4111111111111111 4012888888881881", "card ****1111 ****1881"),
        ("378282246310005 paid", "****0005 paid"),
        ('{"ssn":"900123456"}', '{"ssn":"****3456"}'),
        ("?ssn=900123456&x=1", "?ssn=****3456&x=1"),
        ("drivers_license=D12345678", "drivers_license=****5678"),
        ("imei 490154203237518 seen", "imei ****7518 seen"),
        ("imsi 310150123456789 seen", "imsi ****6789 seen"),
        ("iban=DE89370400440532013000", "iban=****3000"),
        ("account_number=000123456789", "account_number=****6789"),
    ],
)
def test_identifiers_are_masked_to_the_last_four(text: str, wanted: str) -> None:
    assert mask_texts(pa.array([text, None, "nothing"]), commands=True).to_pylist() == [
        wanted,
        None,
        "nothing",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "from 203.0.113.244 port 51234",
        "2001:db8:4111:1111:1111:1111:1111:1111",
        "2026-08-04T02:11:09.123456Z",
        "eventtime=1785809469123456789 took 1785809469123 ms",
        "bytes 123456789012 packets 1234567",
        "at '2026-08-04 02:11:09' and '2026-08-04'",
        "00:11:22:33:44:55:66:77:88:99:aa:bb:08:00",
        "Teardown TCP connection 123456789 for outside:203.0.113.4/51234 bytes 987654321",
        "SHA256:4111111111111111deadbeef",
        "session 550e8400-e29b-41d4-a716-446655440000",
        'pid=1234567 acct="root"',
        "bytes 2345678901234 and 4111111111111112",
        "call 312-555-0142 or bob@example.com, '312-555-0142'",
        "counters 123456789012345 and 180000000000001",
    ],
)
def test_addresses_times_ports_and_sizes_stay(text: str) -> None:
    assert mask_texts(pa.array([text])).to_pylist() == [text]


LINE = "Aug  4 02:11:09 db1 postgres[5]: SELECT * FROM c WHERE ssn = '900-12-3456' AND card='4111111111111111'\n"


def test_a_masked_batch_has_no_raw_line_and_no_identifier() -> None:
    batch = next(iter(read_log(RawPart("", "a", io.BytesIO(LINE.encode())), origin()).batches))
    clean = masked(batch)
    assert "raw" not in clean.schema.names
    assert clean.schema.names == batch.schema.names[:-1]
    told = str(clean.to_pylist())
    assert "900-12" not in told
    assert "411111" not in told
    assert "db1" in told


def test_masking_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its rules the same text keeps the identifier: the test above is able to notice."""
    monkeypatch.setattr(scrub, "_RULES", ())
    batch = next(iter(read_log(RawPart("", "a", io.BytesIO(LINE.encode())), origin()).batches))
    assert "900-12" in str(masked(batch).to_pylist())


def test_fields_of_products_are_masked_too() -> None:
    line = 'type=EXECVE msg=audit(1785809469.1:1): argc=2 a0="grep" a1="900-12-3456"\n'
    batch = next(
        iter(read_log(RawPart("", "a", io.BytesIO(line.encode())), origin("audit.log")).batches)
    )
    told = str(masked(batch).to_pylist())
    assert "900-12" not in told
    assert "***-**-3456" in told


def test_fields_named_for_identifiers_and_secrets_are_masked_by_their_name() -> None:
    line = '{"time":"2026-08-04T02:11:09Z","user":"ann","ssn":"900123456","password":"S3cr3t!x","n":"900123456"}\n'
    batch = next(
        iter(read_log(RawPart("", "a", io.BytesIO(line.encode())), origin("app.json")).batches)
    )
    [row] = masked(batch).to_pylist()
    told = dict(row["extra"])
    assert told["password"] == "****"
    assert told["ssn"] == "****3456"
    assert "S3cr3t" not in str(row)


@pytest.mark.parametrize(
    "line",
    [
        'type=EXECVE msg=audit(1785809469.1:1): argc=3 a0="mysql" a1="-uroot" a2="-pS3cr3t!x"',
        "type=EXECVE msg=audit(1785809469.1:1): argc=2 a0=\"mysql\" a1=" + b"-pS3cr3t!x y".hex().upper(),
        "type=PROCTITLE msg=audit(1785809469.1:1): proctitle=" + b"mysql\0-pS3cr3t!x".hex().upper(),
        "type=USER_CMD msg=audit(1785809469.1:1): pid=1 msg='cwd=\"/\" cmd=" + b"mysql -pS3cr3t!x".hex().upper() + " res=success'",
        "type=TTY msg=audit(1785809469.1:1): tty pid=1 comm=\"bash\" data=" + b"S3cr3t!x\r".hex().upper(),
    ],
)  # fmt: skip
def test_audit_records_hide_arguments_in_words_and_in_hex(line: str) -> None:
    batch = next(
        iter(
            read_log(
                RawPart("", "audit.log", io.BytesIO((line + "\n").encode())), origin("audit.log")
            ).batches
        )
    )
    told = str(masked(batch).to_pylist())
    for secret in ("S3cr3t", b"S3cr3t".hex(), b"S3cr3t".hex().upper()):
        assert secret not in told
