"""Samples of scanners' files, written by the formats' public documents; and a short way to read them."""
# ruff: noqa: E501 - headers of exports stand on one line

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from amends.controls.importers.read import Read, Source, as_table, read_files
from amends.custody.reader import Reader


def read(folder: Path, files: dict[str, str | bytes], on: dict[str, date] | None = None) -> Read:
    """Return what files of these names hold."""
    sources = []
    for number, (name, text) in enumerate(files.items(), 1):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        sources.append(Source(f"E{number:04d}", path, name, (on or {}).get(name)))
    return read_files(sources, Reader())


def rows(
    folder: Path, files: dict[str, str | bytes], on: dict[str, date] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of files of these names."""
    return as_table(read(folder, files, on)).to_pylist()


def sarif(results: list[dict[str, Any]], *, end: str = "2026-08-01T10:00:00Z", **run: Any) -> str:
    """Return a SARIF file as CodeQL writes it."""
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                {
                    "results": results,
                    "invocations": [{"executionSuccessful": True, "endTimeUtc": end}],
                    "tool": {"driver": {"name": "CodeQL", "rules": RULES}},
                    **run,
                }
            ],
        }
    )


RULES = [
    {"id": "py/sql-injection", "shortDescription": {"text": "SQL query built from user-controlled sources"},
     "defaultConfiguration": {"level": "error"},
     "properties": {"tags": ["security", "external/cwe/cwe-089"], "security-severity": "8.8"}},
    {"id": "py/clear-text-logging", "shortDescription": {"text": "Clear-text logging of sensitive information"},
     "defaultConfiguration": {"level": "warning"}, "properties": {"tags": ["external/cwe/cwe-532"]}},
]  # fmt: skip


def result(
    rule: str = "py/sql-injection",
    uri: str = "src/db.py",
    line: int = 12,
    mark: str = "a1",
    **more: Any,
) -> dict[str, Any]:
    """Return one result."""
    return {
        "ruleId": rule,
        "message": {"text": f"This query depends on a value of line {line}."},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
        ],
        **({"partialFingerprints": {"primaryLocationLineHash": mark}} if mark else {}),
        **more,
    }


def nmap(
    hosts: str,
    *,
    start: int = 1785542400,
    services: str = "1-65535",
    args: str = "nmap -sV --script vulners,vuln",
) -> str:
    """Return a scan as Nmap writes it."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nmaprun>
<nmaprun scanner="nmap" args="{args}" start="{start}" version="7.95" xmloutputversion="1.05">
<scaninfo type="syn" protocol="tcp" numservices="65535" services="{services}"/>
{hosts}
<runstats><finished time="{start + 60}"/></runstats></nmaprun>"""


HOST = """<host><status state="up" reason="echo-reply"/><address addr="10.1.0.7" addrtype="ipv4"/>
<hostnames><hostname name="web1" type="PTR"/></hostnames><ports>
<port protocol="tcp" portid="22"><state state="closed" reason="reset"/></port>
<port protocol="tcp" portid="23"><state state="open" reason="syn-ack"/><service name="telnet" product="Cisco telnetd"/></port>
<port protocol="tcp" portid="443"><state state="open" reason="syn-ack"/><service name="http" product="Apache httpd" version="2.4.49" tunnel="ssl"/>
<script id="vulners" output="&#xa;  cpe:/a:apache:http_server:2.4.49: &#xa;    &#x9;CVE-2021-41773&#x9;7.5&#x9;https://vulners.com/cve/CVE-2021-41773&#xa;    &#x9;CVE-2021-44224&#x9;8.2&#x9;https://vulners.com/cve/CVE-2021-44224"/>
<script id="ssl-heartbleed" output="&#xa;  VULNERABLE:&#xa;  The Heartbleed Bug&#xa;    State: VULNERABLE&#xa;    Risk factor: High">
<table key="NMAP-1"><elem key="title">The Heartbleed Bug is a serious hole</elem><elem key="state">VULNERABLE</elem>
<table key="ids"><elem>CVE:CVE-2014-0160</elem></table></table></script>
<script id="http-vuln-cve2011-3192" output="&#xa;  NOT VULNERABLE:&#xa;  Apache byterange filter DoS&#xa;    State: NOT VULNERABLE&#xa;    IDs:  CVE:CVE-2011-3192"/>
</port></ports></host>"""

NESSUS = (
    "Plugin ID,CVE,CVSS v2.0 Base Score,Risk,Host,Protocol,Port,Name,Synopsis,Description,Solution,See Also,Plugin Output\n"
    '42263,,5.8,Medium,10.1.0.7,tcp,23,Unencrypted Telnet Server,"The server sends\nin clear.",Long,Disable it,,\n'
    "156860,CVE-2021-44228,9.3,Critical,10.1.0.8,tcp,8080,Apache Log4j < 2.15.0 Remote Code Execution,s,d,Update,,\n"
    "10180,,,None,10.1.0.9,tcp,0,Ping the remote host,s,d,,,\n"
)
OPENVAS = (
    "IP,Hostname,Port,Port Protocol,CVSS,Severity,QoD,Solution Type,NVT Name,Summary,Specific Result,NVT OID,CVEs,Task ID,Task Name,Timestamp\n"
    '10.1.0.7,web1,443,tcp,7.5,High,80,VendorFix,"Apache HTTP Server 2.4.49 Path Traversal",sum,res,1.3.6.1.4.1.25623.1.0.117711,"CVE-2021-41773,CVE-2021-42013",t,n,2026-08-02T09:00:00Z\n'
    "10.1.0.7,web1,,,0.0,Log,80,,OS Detection,sum,res,1.3.6.1.4.1.25623.1.0.105937,,t,n,2026-08-02T09:00:01Z\n"
)
QUALYS = (
    '"Scan Results","08/03/2026 at 10:00:00 (GMT)"\n"Acme","1 Street","Town"\n\n'
    '"IP","DNS","NetBIOS","OS","IP Status","QID","Title","Vuln Status","Type","Severity","Port","Protocol","FQDN","SSL","First Detected","Last Detected","CVE ID"\n'
    '"10.1.0.7","web1","","Linux","host scanned","38170","SSL Certificate - Self-Signed","Active","Vuln","2","443","tcp","","yes","07/01/2026 01:02:03","08/03/2026 09:00:00",""\n'
    '"10.1.0.8","app1","","Linux","host scanned","376157","Apache Log4j Remote Code Execution","Fixed","Vuln","5","","","","","07/01/2026 01:02:03","08/03/2026 09:00:00","CVE-2021-44228"\n'
)


def oscal(*, state: str = "not-satisfied", end: str = "2026-08-01T00:00:00Z", reviewed: tuple[str, ...] = ("ac-7", "sc-28.1"),
          controls: tuple[str, ...] = ("ac-7", "sc-28.1")) -> str:  # fmt: skip
    """Return assessment results as a tool of OSCAL writes them."""
    uuid = "00000000-0000-4000-8000-0000000000{:02x}".format
    return json.dumps(
        {
            "assessment-results": {
                "uuid": uuid(1),
                "metadata": {"title": "Yearly assessment", "last-modified": end, "version": "1", "oscal-version": "1.1.2"},
                "import-ap": {"href": "ap.json"},
                "results": [
                    {
                        "uuid": uuid(2), "title": "2026", "description": "d", "start": "2026-07-01T00:00:00Z", "end": end,
                        "local-definitions": {"inventory-items": [{"uuid": uuid(9), "description": "crm database"}]},
                        "reviewed-controls": {"control-selections": [{"include-controls": [{"control-id": c} for c in reviewed]}]},
                        "observations": [{"uuid": uuid(3), "description": "seen", "methods": ["TEST"], "collected": end,
                                          "subjects": [{"subject-uuid": uuid(9), "type": "inventory-item"}]}],
                        "risks": [{"uuid": uuid(4), "title": "Clear data", "description": "d", "statement": "s", "status": "open",
                                   "characterizations": [{"origin": {"actors": []}, "facets": [
                                       {"name": "impact", "system": "http://fedramp.gov", "value": "high"}]}]},
                                  {"uuid": uuid(5), "title": "Lone risk", "description": "d", "statement": "CVE-2021-44228 is open",
                                   "status": "closed"}],
                        "findings": [{"uuid": uuid(10 + n), "title": f"Finding on {c}", "description": "CWE-307 found",
                                      "target": {"type": "objective-id", "target-id": f"{c}_obj", "status": {"state": state}},
                                      "related-observations": [{"observation-uuid": uuid(3)}],
                                      "related-risks": [{"risk-uuid": uuid(4)}]} for n, c in enumerate(controls)],
                    }
                ],
            }
        }
    )  # fmt: skip
