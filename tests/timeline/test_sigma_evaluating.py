"""Every modifier of the Sigma specification, with near misses; and the same answers as the plain way."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.sigma import Inside, load_rules
from amends.timeline.sigma.evaluating import Evaluator
from amends.timeline.sigma.fields import Batch
from tests.timeline.sigma_naive import batch_of, encoded, fires

HEAD = "title: t\nid: 00000000-0000-4000-8000-{:012d}\nlogsource:\n  product: amends\ndetection:\n"


def fired_on(
    tmp_path: Path, detection: str, events: list[dict[str, str]], **columns: list[object]
) -> list[int]:
    """Return the rows on which one rule fires."""
    text = HEAD.format(1) + "".join(f"  {line}\n" for line in detection.splitlines())
    (tmp_path / "rule.yml").write_text(text, "utf-8")
    rules = load_rules([tmp_path / "rule.yml"], keep=tmp_path / "kept")
    assert not rules.refusals, rules.refusals
    batch = Batch(batch_of(events, **columns), Inside())
    rows = [m.nonzero()[0].tolist() for _, m in Evaluator(rules).hits(batch)]
    return rows[0] if rows else []


F = "CommandLine"
CASES = [
    # (what is asked, values that fire, near misses)
    ("F: whoami", ["whoami", "WHOAMI"], ["whoami ", "xwhoami", ""]),
    ("F|cased: WhoAmI", ["WhoAmI"], ["whoami", "WHOAMI"]),
    (
        "F|contains: 'Secret Word'",
        ["a secret word b", "SECRET WORD"],
        ["secret  word", "secretword"],
    ),
    ("F|contains|cased: Word", ["aWordb"], ["aword"]),
    ("F|contains: ab", ["xABx"], ["a b"]),
    ("F|startswith: 'C:\\Temp'", ["c:\\temp\\x", "C:\\Temp"], ["xc:\\temp", "c:\\tem"]),
    ("F|startswith|cased: Abc", ["Abcd"], ["abcd"]),
    ("F|endswith: '\\cmd.exe'", ["C:\\W\\CMD.EXE"], ["cmd.exe", "\\cmd.exe "]),
    ("F|endswith|cased: Exe", ["a.Exe"], ["a.exe"]),
    ("F: '*cmd?exe'", ["xcmd.exe", "cmd/exe"], ["cmdexe", "cmd.exe2"]),
    ("F: 'a*b*c'", ["aXXbYYc", "abc", "a\nb\nc"], ["acb", "abcd"]),
    ("F: 'a\\*b'", ["a*b"], ["axb"]),
    ("F: 'a\\\\*'", ["a\\", "a\\x"], ["a", "ax"]),
    ("F: '*'", ["x", "anything"], []),
    ("F: '?*'", ["x", "xy"], []),
    ("F: 'naïve*'", ["NAÏVE x"], ["naive x"]),
    ("F|contains: 'straße'", ["Die STRAßE hier"], ["strasse"]),
    ("F: 4625", ["4625"], ["46250", "04625", "4625.0"]),
    ("F: true", ["true", "True"], ["1", "truee"]),
    ("F: [one, two]", ["ONE", "two"], ["three", "onetwo"]),
    ("F|contains|all: [one, two]", ["two and one"], ["one", "two"]),
    ("F|re: 'a{3}b'", ["xaaab"], ["aab", "AAAB"]),
    ("F|re|i: 'A{3}B'", ["aaab"], ["aab"]),
    ("F|re: '^abc$'", ["abc", "abc\n"], ["abcd", "x\nabc\ny"]),
    ("F|re|m: '^abc$'", ["x\nabc\ny"], ["xabc"]),
    ("F|re|s: 'a.b'", ["a\nb"], ["ab"]),
    ("F|re: 'a.b'", ["axb"], ["a\nb"]),
    ("F|re: 'longliteral\\d+(x|y)'", ["longliteral77y"], ["longliteral", "LONGLITERAL7x"]),
    ("F|re: '(?i)longliteral'", ["LongLiteral"], ["long literal"]),
    ("F|re: 'alpha|beta'", ["xalpha", "betax"], ["alph", "bet"]),
    ("F|re: '(?<=foo)bar'", ["foobar"], ["bar"]),
    ("F|cidr: 10.1.0.0/16", ["10.1.2.3"], ["10.2.0.1", "10.1.2", "10.1.2.999", "x10.1.2.3"]),
    ("F|cidr: 2001:db8::/32", ["2001:db8::1", "2001:DB8:1::"], ["2001:db9::1", "10.0.0.1"]),
    ("F|lt: 10", ["9", "-3", "9.5"], ["10", "ten", "", "9 apples"]),
    ("F|lte: 10", ["10"], ["11"]),
    ("F|gt: 10", ["11", "10.1"], ["10", "9"]),
    ("F|gte: 10", ["10"], ["9.99"]),
    (
        "F|windash|contains: ' -f '",
        ["x -f y", "x /f y", "x –f y", "x —f y", "x ―f y"],
        ["x f y", "x +f y"],
    ),
    ("F|base64|contains: secret-thing", ["x" + encoded("secret-thing") + "y"], [encoded("secret")]),
    (
        "F|base64offset|contains: secret-thing",
        [encoded(p + "secret-thing and more") for p in ("", "a", "ab", "abc")],
        [encoded("secret-thinG and more")],
    ),
    (
        "F|wide|base64offset|contains: powershell",
        [encoded("a powershell b", wide=True)],
        [encoded("powershell")],
    ),
    ("F|exists: true", ["", "x"], []),
]


@pytest.mark.parametrize(("asked", "right", "wrong"), CASES, ids=[c[0] for c in CASES])
def test_a_modifier_means_what_the_specification_says(
    tmp_path: Path, asked: str, right: list[str], wrong: list[str]
) -> None:
    events = [{F: v} for v in (*right, *wrong)] + [{"Other": "x"}]
    detection = f"s:\n  {asked.replace('F', F, 1)}\ncondition: s"
    assert fired_on(tmp_path, detection, events) == list(range(len(right)))


@pytest.mark.parametrize(
    ("detection", "rows"),
    [
        ("s:\n  A: null\ncondition: s", [1, 2]),
        ("s:\n  A|exists: false\ncondition: s", [1, 2]),
        ("s:\n  A|exists: true\ncondition: s", [0]),
        ("s:\n  A: x\ncondition: not s", [1, 2]),
        ("s:\n  A|neq: x\ncondition: s", [1, 2]),
        ("s:\n  A|fieldref: B\ncondition: s", [0]),
        ("s:\n  - A: x\n  - B: z\ncondition: s", [0, 1]),
        ("s:\n  A: x\n  B: z\ncondition: s", []),
        ("s_1:\n  A: x\ns_2:\n  B: z\ncondition: 1 of s_*", [0, 1]),
        ("s_1:\n  A: x\ns_2:\n  B: X\ncondition: all of s_*", [0]),
        ("s_1:\n  A: x\ns_2:\n  B: z\nf:\n  C: c\ncondition: 1 of s_* and not f", [0]),
        ("k:\n  - needle\ncondition: k", [2]),
        ("k:\n  '|all':\n    - needle\n    - hay\ncondition: k", [2]),
        ("k:\n  - nee*dle\ncondition: k", [2]),
        ("s:\n  b: X\ncondition: s", [0]),
        ("s:\n  A: x\ncondition:\n  - s\n  - not s", [0, 1, 2]),
    ],
)
def test_missing_fields_conditions_and_keywords(
    tmp_path: Path, detection: str, rows: list[int]
) -> None:
    events = [{"A": "x", "B": "X"}, {"B": "z", "C": "c"}, {"D": "some Needle in hay"}]
    raws = ["1", "2", "some Needle in hay"]
    assert fired_on(tmp_path, detection, events, raw=raws) == rows


def test_columns_stand_in_where_the_product_gives_no_field(tmp_path: Path) -> None:
    (tmp_path / "r.yml").write_text(
        "title: t\nid: 00000000-0000-4000-8000-000000000001\nlogsource:\n  product: linux\ndetection:\n"
        "  s:\n    CommandLine|contains: nmap\n  condition: s\n"
    )
    rules = load_rules([tmp_path / "r.yml"], keep=tmp_path / "kept")
    batch = batch_of(
        [{"commandline": "nmap x"}, {}, {"CommandLine": "ls"}, {}],
        command=["ls", "NMAP y", "nmap z", "nmap of a Windows event"],
        source=["syslog/linux", "syslog/linux", "syslog/linux", "evtx/security"],
    )
    (found,) = Evaluator(rules).hits(Batch(batch, Inside()))
    assert found[1].tolist() == [True, True, False, False]


def test_addresses_are_outside_unless_private_or_ours(tmp_path: Path) -> None:
    from ipaddress import ip_network

    (tmp_path / "r.yml").write_text(
        HEAD.format(1) + "  s:\n    src_outside: 'true'\n  condition: s\n"
    )
    rules = load_rules([tmp_path / "r.yml"], keep=tmp_path / "kept")
    ips = [
        "10.1.1.1",
        "203.0.113.9",
        "198.51.100.7",
        "172.32.0.1",
        "fd00::1",
        "2001:db8::5",
        "::ffff:10.0.0.1",
        "x",
        None,
    ]
    batch = Batch(batch_of([{}] * len(ips), src_ip=ips), Inside([ip_network("198.51.100.0/24")]))
    (found,) = Evaluator(rules).hits(batch)
    assert [ip for ip, hit in zip(ips, found[1], strict=True) if hit] == [
        "203.0.113.9",
        "172.32.0.1",
        "2001:db8::5",
    ]


_WORDS = st.sampled_from(
    ["cmd", "CMD.exe", "power", "shell", "a", "", "10.0.0.1", "7", "ab cd", "Ünï", "x" * 40]
)
_TEXT = st.lists(_WORDS, max_size=3).map("".join)
_ASKED = st.tuples(
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from(
        ["", "|contains", "|startswith", "|endswith", "|cased", "|contains|cased", "|re|i", "|gt"]
    ),
    _WORDS,
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(_ASKED, min_size=1, max_size=4),
    st.sampled_from(["1 of s*", "all of s*", "not s0", "s0 or not 1 of s*"]),
    st.lists(
        st.dictionaries(st.sampled_from(["A", "b", "C", "D"]), _TEXT, max_size=3),
        min_size=1,
        max_size=6,
    ),
)
def test_columns_give_the_answers_of_the_plain_way(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, str, str]], condition: str,
    events: list[dict[str, str]],
) -> None:  # fmt: skip
    lines = []
    for n, (name, how, word) in enumerate(asked):
        value: object = 5 if how == "|gt" else word.replace(".", "[.]") if "re" in how else word
        if not word and how not in ("", "|cased"):
            continue
        lines.append(f"s{n}:\n    {name}{how}: {value!r}")
    lines = lines or ["s0:\n    A: x"]
    if "s0" in condition and not lines[0].startswith("s0"):
        condition = "1 of s*"
    detection = "\n  ".join(lines) + f"\n  condition: {condition}"
    folder = tmp_path_factory.mktemp("rules")
    text = HEAD.format(1) + "  " + detection + "\n"
    (folder / "r.yml").write_text(text, "utf-8")
    rules = load_rules([folder / "r.yml"], keep=folder / "kept")
    assert not rules.refusals, rules.refusals
    found = [m.tolist() for _, m in Evaluator(rules).hits(Batch(batch_of(events), Inside()))]
    plain = [fires(text, e) for e in events]
    assert (found[0] if found else [False] * len(events)) == plain
