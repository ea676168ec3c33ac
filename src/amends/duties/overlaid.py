"""What sector and foreign rules add to an answer, and how their sources are named."""

from __future__ import annotations

from dataclasses import dataclass, field

from amends.duties.answer import OverlayNotice, RegulatorAnswer
from amends.duties.rules import Raw


@dataclass
class Overlaid:
    """What the overlays add; filled while they are gone through."""

    regulators: list[RegulatorAnswer] = field(default_factory=list)
    partners: list[RegulatorAnswer] = field(default_factory=list)
    notices: dict[str, list[OverlayNotice]] = field(default_factory=dict)
    customers: dict[str, object] = field(default_factory=dict)
    not_in_force: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def source_of(law: Raw, part: str) -> tuple[str, str]:
    """Return citation and confidence of a part of an overlay."""
    mark = law["provenance"].get(part, {})
    sites = {s["id"]: s["site"] for s in law["sources"]}
    named = ", ".join(dict.fromkeys(sites[i] for i in mark.get("sources", ()) if i in sites))
    cited = "; ".join(law["citation"])
    return cited + (f" (seen at: {named})" if named else ""), mark.get("confidence", "unmarked")
