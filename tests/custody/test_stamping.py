"""Stamps, proofs and witness copies: what somebody outside can check."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from amends.custody import (
    Tags,
    ask,
    exhibits,
    export_custody,
    intakes,
    open_case,
    proof,
    proof_faults,
    read_proof,
    read_witness,
    record,
    request_for,
    take_in,
    verify,
    witness_copy,
    witness_faults,
)
from amends.custody.journal import journal_path
from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import EvidenceError, UsageError
from amends.kernel.ledger import GENESIS
from amends.vault.stamps import read_stamp, stamp_request
from tests.custody.authority import Authority, served


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("stamps") / "tsa")


@pytest.fixture
def folder(tmp_path: Path, authority: Authority) -> Path:
    home = tmp_path / "acme"
    Case.create(home, {("custody", "stamp_roots"): str(authority.roots)}).close()
    for n in range(5):
        (tmp_path / "in").mkdir(exist_ok=True)
        (tmp_path / "in" / f"{n}.csv").write_text(f"name,n\nAnn,{n}\n")
    (tmp_path / "late.csv").write_text("name\nBen\n")
    with open_case(home) as case:
        take_in(case, [tmp_path / "in"], Tags(owner="Acme"))
        take_in(case, [tmp_path / "late.csv"], Tags())
    return home


def rewritten(folder: Path, change) -> None:
    """Change the journal and seal every line of it anew, as somebody with the whole case could."""
    path = journal_path(folder)
    lines = change([json.loads(text) for text in path.read_text().splitlines()])
    prev, out = GENESIS, []
    for seq, line in enumerate(lines, start=1):
        line |= {"seq": seq, "prev": prev}
        line["digest"] = ids.digest_value({k: v for k, v in line.items() if k != "digest"})
        prev = line["digest"]
        out.append(ids.canonical_json(line))
    path.write_text("\n".join(out) + "\n")


def test_each_intake_has_a_root_over_what_it_took(folder: Path) -> None:
    first, second = intakes(folder)
    assert (len(first.bodies), len(second.bodies)) == (5, 1)
    assert first.sealed_root == first.root != second.root


def test_a_stamp_asked_over_http_is_kept_and_checked(folder: Path, authority: Authority) -> None:
    with open_case(folder) as case, served(authority) as url:
        _, request = request_for(case, 1)
        stamp = record(case, 1, ask(url, request), url)
        assert stamp.trusted
        assert stamp.authority == "Throw-away Stamp Authority"
        assert verify(case) == []


def test_a_stamp_for_another_intake_is_refused(folder: Path, authority: Authority) -> None:
    with open_case(folder) as case:
        _, request = request_for(case, 1)
        with pytest.raises(EvidenceError, match="about something else"):
            record(case, 2, authority.answer(request))
        with pytest.raises(UsageError, match="no intake 9"):
            request_for(case, 9)


@pytest.mark.parametrize(
    "spoil", [lambda b: b[:200], lambda b: b"", lambda b: b"\x30\x03\x02\x01\x02"]
)
def test_what_is_no_stamp_is_refused(folder: Path, authority: Authority, spoil) -> None:
    with open_case(folder) as case:
        _, request = request_for(case, 1)
        with pytest.raises(EvidenceError):
            record(case, 1, spoil(authority.answer(request)))


def test_a_stamp_of_an_authority_nobody_trusts_is_refused(
    folder: Path, authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority.create(tmp_path / "stranger")
    with open_case(folder) as case:
        _, request = request_for(case, 1)
        with pytest.raises(EvidenceError, match="not of an authority"):
            record(case, 1, stranger.answer(request))
    answer = stranger.answer(stamp_request(b"message"))
    assert not read_stamp(answer, b"message").trusted
    assert read_stamp(answer, b"message", stranger.roots.read_bytes()).trusted


def test_a_bit_changed_in_a_stamp_is_found(folder: Path, authority: Authority) -> None:
    message = b"message"
    answer = authority.answer(stamp_request(message))
    roots = authority.roots.read_bytes()
    missed = []
    for at in range(0, len(answer), 13):
        spoilt = bytearray(answer)
        spoilt[at] ^= 0x10
        try:
            found = read_stamp(bytes(spoilt), message, roots)
        except EvidenceError:
            continue
        missed.append((at, found))
    genuine = read_stamp(answer, message, roots)
    # Words around the signed part are nobody's seal; what the stamp says must not change.
    assert all(found == genuine for _, found in missed), missed
    assert len(missed) < len(answer) // 13 // 4


def test_a_journal_written_anew_is_found_by_its_stamp(folder: Path, authority: Authority) -> None:
    with open_case(folder) as case:
        _, request = request_for(case, 1)
        record(case, 1, authority.answer(request))

    def swap(lines: list[dict]) -> list[dict]:
        taken = [line for line in lines if line["act"] == "take"]
        taken[0]["body"]["received_at"] = "2020-01-01T00:00:00Z"
        for line in lines:
            line["body"].pop("root", None)
        return lines

    rewritten(folder, swap)
    (folder / "ledger.jsonl").unlink()
    with open_case(folder) as case:
        assert any(
            "intake 1" in fault and "about something else" in fault for fault in verify(case)
        )


@pytest.mark.parametrize("crime", ["cut", "rewrite", "drop_intake"])
def test_what_the_case_itself_cannot_show_its_witness_shows(
    folder: Path, tmp_path: Path, crime: str
) -> None:
    with open_case(folder) as case:
        kept = tmp_path / "witness.json"
        kept.write_text(json.dumps(witness_copy(case)))
        assert witness_faults(case, read_witness(kept)) == []
    changes = {
        "cut": lambda lines: lines[:-1],
        "drop_intake": lambda lines: lines[:-3],
        "rewrite": lambda lines: [{**line, "actor": "somebody else"} for line in lines],
    }
    rewritten(folder, changes[crime])
    ledger = folder / "ledger.jsonl"
    ledger.write_text("")
    if crime == "drop_intake":
        late = exhibits(folder)
        places = {folder / e.place for e in late}
        for path in (folder / "evidence").rglob("*.csv"):
            if path not in places:
                path.unlink()
    with open_case(folder) as case:
        assert verify(case) == []  # whoever holds the whole case can do this unseen …
        assert witness_faults(case, read_witness(kept)) != []  # … but not to the witness


def test_an_exhibit_is_proved_alone(folder: Path, authority: Authority, tmp_path: Path) -> None:
    with open_case(folder) as case:
        _, request = request_for(case, 1)
        record(case, 1, authority.answer(request))
        made = tmp_path / "proof.json"
        made.write_text(json.dumps(proof(case, "E0003")))
    given = read_proof(made)
    alone = tmp_path / "in" / "2.csv"
    shutil.rmtree(folder)
    roots = authority.roots.read_bytes()
    assert proof_faults(given, alone, roots) == []
    assert "0.csv" not in made.read_text()
    assert proof_faults(given, tmp_path / "in" / "1.csv", roots) == [
        "the file is not the exhibit the proof speaks of"
    ]
    for change in (
        {"index": given["index"] + 1},
        {"size": given["size"] - 2},
        {"path": given["path"][::-1]},
        {"root": "00" * 32},
        {"exhibit": {**given["exhibit"], "received_at": "2020-01-01T00:00:00Z"}},
        {"path": ["zz"]},
        {"stamps": [{"at": "2020-01-01T00:00:00Z", "response": given["stamps"][0]["response"]}]},
        {"stamps": [{"response": "!"}]},
        {"exhibit": None},
    ):
        assert proof_faults({**given, **change}, alone, roots) != [], change


def test_there_is_no_proof_for_an_exhibit_that_is_not_there(folder: Path, tmp_path: Path) -> None:
    with open_case(folder) as case, pytest.raises(UsageError, match="no exhibit E0099"):
        proof(case, "E0099")
    (tmp_path / "x.json").write_text('{"format": "something else"}')
    with pytest.raises(UsageError, match="no inclusion proof"):
        read_proof(tmp_path / "x.json")


def test_the_log_is_exported_as_lines_json_ld_and_a_certificate(
    folder: Path, tmp_path: Path
) -> None:
    with open_case(folder) as case:
        for name in ("log.jsonl", "log.jsonld", "log.pdf"):
            export_custody(case, tmp_path / name)
        again = tmp_path / "again.jsonld"
        export_custody(case, again)
        with pytest.raises(UsageError, match="not written as"):
            export_custody(case, tmp_path / "log.docx")
    assert (tmp_path / "log.jsonl").read_bytes() == journal_path(folder).read_bytes()
    assert again.read_bytes() == (tmp_path / "log.jsonld").read_bytes()
    graph = json.loads(again.read_text())["@graph"]
    numbers = [n.get("case-investigation:exhibitNumber") for n in graph]
    assert [n for n in numbers if n] == [f"E{n:04d}" for n in range(1, 7)]
    assert (tmp_path / "log.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # rdflib warns of itself
def test_the_json_ld_conforms_to_the_ontology(folder: Path, tmp_path: Path) -> None:
    from case_utils.case_validate import validate

    with open_case(folder) as case:
        export_custody(case, tmp_path / "log.jsonld")
    assert validate(str(tmp_path / "log.jsonld")).conforms


def test_the_certificate_says_what_is_wrong(folder: Path, tmp_path: Path) -> None:
    import pypdfium2

    with open_case(folder) as case:
        export_custody(case, tmp_path / "sound.pdf")
        victim = folder / exhibits(folder)[0].place
        victim.chmod(0o600)
        victim.write_text("name,n\nEve,0\n")
        export_custody(case, tmp_path / "broken.pdf")

    def words(name: str) -> str:
        with pypdfium2.PdfDocument(tmp_path / name) as read:
            return " ".join(page.get_textpage().get_text_range() for page in read)

    assert "Everything is as it was sealed" in words("sound.pdf")
    assert "exhibit E0001 was changed" in words("broken.pdf").replace("\r\n", " ")
