"""Steps in sentences."""

from __future__ import annotations

from dataclasses import dataclass

from amends.paths.acts import bare
from amends.paths.derivations import Way
from amends.paths.model import RULE, RULES, Graph

_HIDDEN = {RULE[r] for r in ("move", "control", "login", "acts_as", "door")}
"""Rules that are told together with the step that uses them."""


@dataclass(frozen=True)
class Told:
    """A step of a way as it is told.

    Attributes:
        fact: Number of the fact it rests on.
        facts: All facts it rests on.
        begin: Place before it.
        end: Place after it.
        why: The step in a sentence.
    """

    fact: int
    facts: tuple[int, ...]
    begin: str
    end: str
    why: str


def told(graph: Graph, way: Way) -> list[Told]:
    """Return the steps of a way in order, those that say nothing new folded into the one that uses them."""
    by_head = {int(graph.head[s]): s for s in way.steps}
    hosts = {
        n: s for s in way.steps if graph.rule[s] == RULE["control"] for n in graph.premises_of(s)
    }
    made = []
    for step in way.steps:
        if graph.rule[step] in _HIDDEN:
            continue
        made.append(_tell(graph, step, by_head, hosts))
    return made


def _tell(graph: Graph, step: int, by_head: dict[int, int], hosts: dict[int, int]) -> Told:
    rule = RULES[int(graph.rule[step])]
    facts = graph.facts_of(step)
    for node in graph.premises_of(step):
        facts += _hidden_facts(graph, node, by_head)
    begin, end = _ends(graph, step, by_head, hosts)
    if rule in ("no_auth", "known_exploited", "weak_auth", "opens"):
        control = hosts.get(int(graph.head[step]))
        if control is not None:
            facts += graph.facts_of(control)
    return Told(
        facts[0], tuple(dict.fromkeys(facts)), begin, end, _why(graph, step, rule, begin, end)
    )


def _hidden_facts(graph: Graph, node: int, by_head: dict[int, int]) -> list[int]:
    """Return the facts of the untold steps that give a node."""
    step = by_head.get(node)
    if step is None or graph.rule[step] not in _HIDDEN or graph.rule[step] == RULE["control"]:
        return []
    facts = graph.facts_of(step)
    for before in graph.premises_of(step):
        facts += _hidden_facts(graph, before, by_head)
    return facts


def _ends(
    graph: Graph, step: int, by_head: dict[int, int], hosts: dict[int, int]
) -> tuple[str, str]:
    rule = RULES[int(graph.rule[step])]
    fact = graph.facts[graph.facts_of(step)[0]]
    end = graph.nodes[int(graph.head[step])]
    begin = graph.nodes[graph.premises_of(step)[0]]
    if rule in ("no_auth", "known_exploited", "weak_auth", "opens"):
        host = hosts.get(int(graph.head[step]))
        return begin, graph.nodes[int(graph.head[host])] if host is not None else begin
    before = by_head.get(graph.premises_of(step)[0])
    if before is not None and graph.rule[before] in (RULE["move"], RULE["acts_as"]):
        return graph.nodes[graph.premises_of(before)[0]], end
    if rule == "unguarded":
        return fact.source, end
    return begin, end


def _why(graph: Graph, step: int, rule: str, begin: str, end: str) -> str:
    fact = graph.facts[graph.facts_of(step)[0]]
    words = dict(fact.detail)
    source, target = bare(fact.source), bare(fact.target)
    if rule == "reach":
        zone = (
            f" (it stands in {source})"
            if begin.startswith("asset:") and fact.source.startswith("zone:")
            else ""
        )
        return f"From {bare(begin)}{zone} a packet gets to {target}."
    if rule == "known_exploited":
        cve = f" ({words['cve']})" if words.get("cve") else ""
        return (
            f"{source} has a hole{cve} that is exploited in the wild: it gives {_gain(begin, end)}."
        )
    sentences = {
        "no_auth": f"{source} asks for no name and no secret: it gives {_gain(begin, end)}.",
        "weak_auth": f"{source} asks for a password only and never locks out, so that one can be guessed: "
        f"it gives {_gain(begin, end)}.",
        "opens": f"{_cap(source)}{_whose(words)} opens {target}: it gives {_gain(begin, end)}.",
        "admin_of": f"{source} administers {target}.",
        "trusts": f"{target} lets {source} in without asking{_how(words)}.",
        "stored_on": f"{_cap(source)} lies readable on {target}{_where(words)}.",
        "keeps": f"The store {target} lies on {source}.",
        "reads": f"{source} may read the store {target}.",
        "unguarded": f"{source} is the door to the store {target}.",
    }
    return sentences[rule]


def _gain(begin: str, end: str) -> str:
    return "entry" if end == begin else f"control of {bare(end)}"


def _whose(words: dict[str, str]) -> str:
    return f" of {words['identity']}" if words.get("identity") else ""


def _how(words: dict[str, str]) -> str:
    return f" ({words['how']})" if words.get("how") else ""


def _where(words: dict[str, str]) -> str:
    place = words.get("file") or words.get("path")
    return f", in {place}" if place else ""


def _cap(text: str) -> str:
    return text[:1].upper() + text[1:]
