"""Hostile and broken files: the fault is a row with a remedy, the rest is kept, memory stays bounded."""
# ruff: noqa: E501 - samples stand on one line

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.controls.importers.base import Unread
from amends.controls.importers.pieces import MOST, Piece, walk
from tests.controls.importers.samples import HOST, NESSUS, nmap, oscal, result, rows, sarif


def _split(made: list[dict[str, object]]) -> tuple[int, set[object]]:
    return sum(r["status"] != "unread" for r in made), {
        r["rule"] for r in made if r["status"] == "unread"
    }


THREE = sarif([result(mark="a"), result(mark="b"), result(mark="c")])
AT = THREE.index('"py/sql-injection"', THREE.index('"b"') - 600)
DEEP = "[" * 200_000 + "]" * 200_000

BROKEN = {
    "cut in the middle": (THREE[: THREE.index('"c"')], 2, {"truncated"}),
    "a result that is no object": (sarif([result(mark="a"), 7, result(mark="b")]), 2, {"malformed"}),  # type: ignore[list-item]
    "a result that is bad JSON": (THREE.replace('"b"', '"b" "b"'), 2, {"malformed"}),
    "a result without end of depth": (THREE.replace('"b"', DEEP), 2, {"too_deep"}),
    "a huge result": (THREE.replace('"b"', '"' + "x" * (MOST + 10) + '"'), 2, {"too_large"}),
    "another encoding": (THREE.replace("This query", "Diese Abfrage \xfcber").encode("cp1252"), 3, {"odd_encoding"}),
    "UTF-16": (THREE.encode("utf-16"), 3, set()),
    "UTF-8 with a mark": (b"\xef\xbb\xbf" + THREE.encode(), 3, set()),
    "deep in what nobody wants": (THREE.replace('"runs"', f'"x": {DEEP}, "runs"'), 3, set()),
    "wrong kinds everywhere": (
        json.dumps({"version": "2.1.0", "runs": [{"tool": 1, "results": [{"locations": 3, "message": [], "ruleId": {}}],
                                                   "invocations": [3], "artifacts": [None], "automationDetails": []}, 7]}),
        1, set()),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_sarif_keeps_the_rest(tmp_path: Path, name: str) -> None:
    text, count, reasons = BROKEN[name]
    assert _split(rows(tmp_path, {"a.sarif": text})) == (count, reasons)


BOMB = nmap(HOST).replace(
    "<!DOCTYPE nmaprun>",
    '<!DOCTYPE nmaprun [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
)
OUTSIDE = nmap(HOST).replace(
    "<!DOCTYPE nmaprun>", '<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
)
XML = {
    "entities": (BOMB, 0, {"hostile_xml"}),
    "an outside file": (OUTSIDE, 0, {"hostile_xml"}),
    "cut": (nmap(HOST + HOST.replace("10.1.0.7", "10.1.0.8"))[:-700], 5, {"truncated"}),
    "deep": (nmap("<host>" + "<a>" * 5000 + "</a>" * 5000 + "</host>"), 0, {"malformed"}),
    "ports of nonsense": (nmap(HOST.replace('portid="23"', 'portid="99999999"')), 4, set()),
}


@pytest.mark.parametrize("name", XML)
def test_hostile_scans_are_refused_or_read_as_far_as_they_go(tmp_path: Path, name: str) -> None:
    text, count, reasons = XML[name]
    assert _split(rows(tmp_path, {"a.xml": text})) == (count, reasons)


def test_broken_rows_of_a_list_are_told_and_the_rest_kept(tmp_path: Path) -> None:
    head = NESSUS.splitlines()[0]
    text = f"{head}\n1,,9,High,h1,tcp,1,a,s,d,,,\n,,,,,,,,,,,,x\n3,,9,High,h3,tcp,1,c,s,d,,,\n"
    text += '4,,9,High,h4,tcp,1,"' + "x" * 200_000 + '",s,d,,,\n5,,9,High,h5,tcp,1,e,s,d,,,\n'
    count, reasons = _split(rows(tmp_path, {"a.csv": text}))
    assert (count, reasons) == (3, {"malformed_row"})


def test_a_thousand_bad_rows_are_told_shortly(tmp_path: Path) -> None:
    text = NESSUS.splitlines()[0] + "\n" + ",,,,,,,,,,,,x\n" * 1000
    made = rows(tmp_path, {"a.csv": text})
    assert len(made) == 101
    assert any(str(r["place"]).endswith("and 900 more rows") for r in made)


def test_a_line_without_end_is_stepped_over(tmp_path: Path) -> None:
    text = NESSUS + "x" * 3_000_000 + "\n" + NESSUS.splitlines()[-1]
    assert _split(rows(tmp_path, {"a.csv": text})) == (3, {"line_too_long"})


def test_a_list_of_hosts_or_an_exploited_list_is_not_taken_for_findings(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "assets.csv": "name,ip,zone,risk\nweb1,10.0.0.1,dmz,high\n",
        "services.csv": "asset,port,protocol,product,cve\nweb1,443,tcp,nginx,CVE-2021-1\n",
        "kev.csv": "cveID,vendorProject,product,vulnerabilityName,dateAdded,shortDescription,requiredAction,dueDate\n"
        "CVE-2021-44228,Apache,Log4j2,Log4Shell,2021-12-10,d,Update,2021-12-24\n",
        "people.csv": "name,description,priority\nx,y,high\n",
        "other.json": '{"weather": []}',
        "empty.csv": "",
    }
    assert rows(tmp_path, files) == []


def test_titles_carry_no_long_numbers_addresses_or_control_signs(tmp_path: Path) -> None:
    message = {
        "text": "Found 123-45-6789 and 4111 1111 1111 1111 of ann@example.org\x1b[31m\u202e in CVE-2021-44228"
    }
    (one,) = rows(tmp_path, {"a.sarif": sarif([result(rule="x", message=message)])})
    assert one["title"] == "Found (number) and (number) of (mail address) [31m in CVE-2021-44228"


def test_wrong_kinds_in_oscal_do_not_stop_it(tmp_path: Path) -> None:
    document = json.loads(oscal())
    made = document["assessment-results"]["results"][0]
    made["findings"] += [
        {"target": 3},
        5,
        {"props": [1, {"name": None}], "related-risks": {"x": 1}},
    ]
    made["risks"].append({"uuid": 5})
    made["observations"].append({"uuid": "x", "subjects": [3, {}], "collected": 7})
    made["reviewed-controls"] = {"control-selections": [3, {"include-controls": [None]}]}
    count, reasons = _split(rows(tmp_path, {"a.json": json.dumps(document)}))
    assert (count, reasons) == (4, set())


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(JSON, st.lists(JSON, max_size=4))
def test_walking_gives_what_parsing_gives(other: object, wanted: list[object]) -> None:
    text = json.dumps({"other": other, "a": {"b": wanted, "c": other}}, ensure_ascii=False)
    found = list(walk(io.BytesIO(text.encode("utf-8", "surrogatepass")), {"a": {"b": {"*": None}}}))
    assert [p.value for p in found if isinstance(p, Piece)] == wanted


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(THREE)))
def test_a_cut_anywhere_raises_nothing(at: int) -> None:
    for one in walk(io.BytesIO(THREE[:at].encode()), {"runs": {"*": {"results": {"*": None}}}}):
        assert isinstance(one, Piece | Unread)
