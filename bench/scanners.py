"""Findings of other scanners: 100,000 of each format, and a SARIF file of 300 MB; seconds and peak memory.

python bench/scanners.py [--findings N] [--big-mb MB] [--json]
"""
# ruff: noqa: E501 - samples read best on one line

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import orjson
from common import ROOT, measured, show

READ = """
import sys
from pathlib import Path
from amends.controls.importers.read import Source, as_table, read_files
from amends.custody.reader import Reader
read = read_files([Source("E0001", Path(sys.argv[1]), sys.argv[1])], Reader())
table = as_table(read)
print(table.num_rows, read.n_seen, len(read.rejects))
"""
RULES = [f"RULE-{n}" for n in range(400)]
CVES = [f"CVE-20{n % 20 + 5:02d}-{1000 + n}" for n in range(5000)]


def sarif(n: int, pad: int = 0) -> bytes:
    chance = random.Random(1)
    rules = [
        {"id": r, "shortDescription": {"text": f"Weakness of kind {r}"},
         "properties": {"tags": ["security", f"external/cwe/cwe-{20 + k}"], "security-severity": f"{k % 10}.1"}}
        for k, r in enumerate(RULES)
    ]  # fmt: skip
    results = [
        {"ruleId": RULES[k % 400], "ruleIndex": k % 400, "level": "warning",
         "message": {"text": f"Value {k} reaches a query without a check. " + "x" * pad},
         "locations": [{"physicalLocation": {"artifactLocation": {"uri": f"src/part{k % 3000}/file.py"},
                        "region": {"startLine": chance.randrange(9000) + 1, "snippet": {"text": "call(value)"}}}}],
         "partialFingerprints": {"primaryLocationLineHash": f"{k:016x}:1"}}
        for k in range(n)
    ]  # fmt: skip
    return orjson.dumps({"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
                         "runs": [{"results": results, "tool": {"driver": {"name": "Scan", "rules": rules}},
                                   "invocations": [{"executionSuccessful": True, "endTimeUtc": "2026-08-01T00:00:00Z"}]}]})  # fmt: skip


def nmap(n: int) -> bytes:
    def hosts() -> Iterator[str]:
        for h in range(n * 100 // 2000):
            ip = f"10.{h >> 16 & 255}.{h >> 8 & 255}.{h & 255}"
            ports = "".join(
                f'<port protocol="tcp" portid="{p}"><state state="open" reason="syn-ack"/><service name="http" '
                f'product="Apache httpd" version="2.4.{p % 50}"/></port>'
                for p in range(8000, 8009)
            )
            found = "&#xa;".join(
                f"&#x9;{CVES[(h + k) % 5000]}&#x9;{k % 10}.5&#x9;https://vulners.com/x"
                for k in range(10)
            )
            yield (
                f'<host><status state="up"/><address addr="{ip}" addrtype="ipv4"/><ports>{ports}<port protocol="tcp" '
                f'portid="22"><state state="closed"/></port><port protocol="tcp" portid="443"><state state="open"/>'
                f'<service name="https"/><script id="vulners" output="{found}"/></port></ports></host>\n'
            )

    return (
        '<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun scanner="nmap" args="nmap -sV --script vulners" '
        f'start="1785542400"><scaninfo protocol="tcp" services="1-65535"/>{"".join(hosts())}</nmaprun>'
    ).encode()


def nessus(n: int) -> bytes:
    rows = [
        "Plugin ID,CVE,CVSS v2.0 Base Score,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output"
    ]
    words = ("Critical", "High", "Medium", "Low", "None")
    rows += [
        f"{10000 + k % 3000},{CVES[k % 5000]},{k % 10}.0,{words[k % 5]},10.0.{k // 250 % 250}.{k % 250},tcp,{k % 900},"
        f'"Product < 2.{k % 50} Hole","The host is affected.","Long words, {"w" * 300}","Update it.","https://a.example",""'
        for k in range(n)
    ]
    return "\n".join(rows).encode()


def oscal(n: int) -> bytes:
    def uuid(k: int, kind: int) -> str:
        return f"{kind:08x}-0000-4000-8000-{k:012x}"

    result = {
        "uuid": uuid(0, 1), "title": "r", "description": "d", "start": "2026-08-01T00:00:00Z",
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        "observations": [{"uuid": uuid(k, 2), "description": "seen", "methods": ["TEST"], "collected": "2026-08-01T00:00:00Z",
                          "subjects": [{"subject-uuid": uuid(k % 500, 9), "type": "inventory-item", "title": f"host{k % 500}"}]}
                         for k in range(n)],
        "risks": [{"uuid": uuid(k, 3), "title": f"risk {k}", "description": "d", "statement": "s", "status": "open",
                   "characterizations": [{"facets": [{"name": "severity", "system": "x", "value": "high"}]}]} for k in range(n)],
        "findings": [{"uuid": uuid(k, 4), "title": f"finding {k}", "description": "d",
                      "target": {"type": "objective-id", "target-id": f"ac-{k % 20 + 1}_obj", "status": {"state": "not-satisfied"}},
                      "related-observations": [{"observation-uuid": uuid(k, 2)}], "related-risks": [{"risk-uuid": uuid(k, 3)}]}
                     for k in range(n)],
    }  # fmt: skip
    return orjson.dumps(
        {
            "assessment-results": {
                "uuid": uuid(0, 5),
                "metadata": {"title": "Bench"},
                "results": [result],
            }
        }
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--findings", type=int, default=100_000)
    asked.add_argument("--big-mb", type=int, default=300)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    n = given.findings
    makers = {
        "scan.sarif": lambda: sarif(n),
        "scan.xml": lambda: nmap(n),
        "scan.csv": lambda: nessus(n),
        "ar.json": lambda: oscal(n),
    }
    if given.big_mb:
        makers["big.sarif"] = lambda: sarif(given.big_mb * 1_000_000 // 1400, 1000)
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make in makers.items():
            path = Path(folder) / name
            path.write_bytes(make())
            cost = measured([sys.executable, "-c", READ, path])
            found, seen, rejects = (int(v) for v in cost.output.split())
            rows.append({"file": name, "MB": round(path.stat().st_size / 1e6, 1), "findings": seen, "rows": found,
                         "rejects": rejects, "seconds": cost.seconds, "cpu_seconds": cost.cpu_seconds, "peak_mib": cost.peak_mib})  # fmt: skip
            path.unlink()
    show("findings of scanners", rows, given.json)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "src"))
    main()
