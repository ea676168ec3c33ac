"""The custody journal as CASE/UCO JSON-LD, for tools and labs that exchange evidence in it.

An exhibit is an ``ObservableObject`` with its digests and a ``ProvenanceRecord`` with its number; an intake is an
``InvestigativeAction`` with who, when and with what tool. The same journal gives the same bytes.

Source:
    CASE ontology 1.4 and UCO 1.4: investigation (InvestigativeAction, ProvenanceRecord), observable (FileFacet,
    ContentDataFacet), types (Hash), tool (Tool), identity (Identity).
"""

from __future__ import annotations

from typing import Any

from amends.custody.intakes import Intake, intakes
from amends.kernel import ids
from amends.kernel.case import Case

Node = dict[str, Any]  # Any: JSON-LD

_SPACE = "5b0f5d0c-6c1e-5a2b-9d53-0d6c7d1f3a10"
CONTEXT = {
    "kb": "urn:amends:",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def case_uco(case: Case) -> Node:
    """Return the journal of a case as one JSON-LD document."""
    anchor = next((line.digest for line in case.ledger.lines()), case.name)
    make = _Maker(anchor)
    found = intakes(case.folder)
    graph: list[Node] = []
    for intake in found:
        graph += make.intake(intake)
    investigation = {
        "@id": make.name("Investigation", ""),
        "@type": "case-investigation:Investigation",
        "uco-core:name": case.name,
        "case-investigation:focus": "data breach",
        "uco-core:object": [
            {"@id": node["@id"]}
            for node in graph
            if node["@type"]
            in ("case-investigation:ProvenanceRecord", "case-investigation:InvestigativeAction")
        ],
    }
    return {"@context": CONTEXT, "@graph": [investigation, *make.shared.values(), *graph]}


class _Maker:
    """Makes nodes with names that are the same every time; people and tools once each."""

    def __init__(self, anchor: str) -> None:
        self._anchor = anchor
        self.shared: dict[str, Node] = {}

    def name(self, kind: str, what: str) -> str:
        """Return the name of a node."""
        return f"kb:{kind}-{ids.named_uuid(_SPACE, f'{self._anchor}|{kind}|{what}')}"

    def _one(self, kind: str, what: str, node: Node) -> Node:
        made = {"@id": self.name(kind, what), **node}
        self.shared.setdefault(made["@id"], made)
        return {"@id": made["@id"]}

    def intake(self, intake: Intake) -> list[Node]:
        """Return the nodes of an intake: its action, and each exhibit with its record."""
        taken = [body for body in intake.bodies if body.get("exhibit_id")]
        nodes: list[Node] = []
        results = []
        for body in taken:
            exhibit = self._exhibit(body)
            record = self._record(body, exhibit["@id"])
            nodes += [exhibit, record]
            results.append({"@id": record["@id"]})
        action: Node = {
            "@id": self.name("InvestigativeAction", str(intake.number)),
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": "evidence received",
            "uco-core:description": f"Intake {intake.number}; Merkle root {intake.root}",
            "uco-action:startTime": _instant(intake.began_at),
        }
        if intake.ended_at:
            action["uco-action:endTime"] = _instant(intake.ended_at)
        if taken:
            person, tool = str(taken[0].get("received_by", "")), str(taken[0].get("tool", ""))
            action["uco-action:performer"] = self._one(
                "Identity", person, {"@type": "uco-identity:Identity", "uco-core:name": person}
            )
            action["uco-action:instrument"] = self._one("Tool", tool, _tool(tool))
        if results:
            action["uco-action:result"] = results
        return [*nodes, action]

    def _exhibit(self, body: Node) -> Node:
        path = str(body["path"])
        facets = [
            {
                "@id": self.name("FileFacet", body["exhibit_id"]),
                "@type": "uco-observable:FileFacet",
                "uco-observable:fileName": path.rsplit("/", 1)[-1],
                "uco-observable:filePath": path,
                "uco-observable:isDirectory": False,
                "uco-observable:sizeInBytes": int(body["size_bytes"]),
            },
            {
                "@id": self.name("ContentDataFacet", body["exhibit_id"]),
                "@type": "uco-observable:ContentDataFacet",
                "uco-observable:sizeInBytes": int(body["size_bytes"]),
                "uco-observable:hash": [
                    {
                        "@id": self.name("Hash", body["exhibit_id"]),
                        "@type": "uco-types:Hash",
                        "uco-types:hashMethod": "SHA256",
                        "uco-types:hashValue": {
                            "@type": "xsd:hexBinary",
                            "@value": str(body["sha256"]),
                        },
                    }
                ],
            },
        ]
        return {
            "@id": self.name("File", body["exhibit_id"]),
            "@type": "uco-observable:File",
            "uco-core:hasFacet": facets,
        }

    def _record(self, body: Node, about: str) -> Node:
        record: Node = {
            "@id": self.name("ProvenanceRecord", body["exhibit_id"]),
            "@type": "case-investigation:ProvenanceRecord",
            "case-investigation:exhibitNumber": body["exhibit_id"],
            "uco-core:objectCreatedTime": _instant(str(body["received_at"])),
            "uco-core:object": [{"@id": about}],
        }
        said = [
            f"{k}: {body[k]}"
            for k in ("role", "owner", "population", "store", "note")
            if body.get(k)
        ]
        return {**record, "uco-core:description": "; ".join(said)} if said else record


def _tool(words: str) -> Node:
    name, _, version = words.partition(" ")
    node = {"@type": "uco-tool:Tool", "uco-core:name": name or "amends"}
    return {**node, "uco-tool:version": version} if version else node


def _instant(at: str) -> Node:
    return {"@type": "xsd:dateTime", "@value": at}
