"""Whether the law of a jurisdiction reaches a group: elements, safe harbour, trigger, harm, entity.

Each step answers yes, no or "a person must judge" (``None``) and gives its reason. Unclear law is
read so that people are told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from amends.duties.facts import Entity, Group, Verdict
from amends.duties.lawbook import Vocabulary
from amends.duties.rules import Combination, StateLaw

_IDENTITY = frozenset(["NAME", "NAME_OR_IDENTIFIER", "ONLINE_ID"])
"""Codes that say who a person is; securing them alone does not secure the data element."""

_NAMES = frozenset(["NAME", "NAME_OR_IDENTIFIER"])

_GOVERNMENT = frozenset(["GOVERNMENT", "STATE_AGENCY", "MUNICIPALITY", "AGENCY"])


@dataclass(frozen=True)
class Reason:
    """One step of the reasoning, with its rule, source and confidence."""

    rule: str
    reasoning: str
    source: str
    confidence: str


@dataclass(frozen=True)
class Finding:
    """Whether the law reaches a group, and why.

    Attributes:
        verdict: Yes, no, or None for judgement.
        matched: Ids of the combinations that hold (or may hold, for judgement).
        exposed: Element codes that count, safe harbour applied, closure taken.
        credential: ``only`` when nothing but a log-in matched, ``also`` when a log-in is among
            what matched, else empty.
        harm_relied_on: The answer is no because harm is found unlikely.
        exemption: Regime relied on, when the answer is no for that.
        reasons: The steps.
    """

    verdict: Verdict
    matched: tuple[str, ...]
    exposed: frozenset[str]
    credential: str
    harm_relied_on: bool
    exemption: str
    reasons: tuple[Reason, ...]


def both(*verdicts: Verdict) -> Verdict:
    """Return yes when all are yes, no when one is no, else judgement."""
    if any(v is False for v in verdicts):
        return False
    return True if all(v is True for v in verdicts) else None


def either(*verdicts: Verdict) -> Verdict:
    """Return yes when one is yes, no when all are no, else judgement."""
    if any(v is True for v in verdicts):
        return True
    return False if all(v is False for v in verdicts) else None


def examine(law: StateLaw, group: Group, entity: Entity, words: Vocabulary, on: date) -> Finding:
    """Say whether a law reaches a group.

    Args:
        law: The law as it stood on the day of the incident.
        group: The people.
        entity: Who owes the notice.
        words: The vocabulary, for what implies what.
        on: Day of the incident, for combinations with a first day.
    """
    exposed, sure, secured_why = _exposed(law, group, words)
    covered, matched, why = _covered(law, group, entity, exposed, on)
    if covered is True and not sure:
        unsecured, _, _ = _exposed(law, group, words, key_taken=False)
        covered = None if _covered(law, group, entity, unsecured, on)[0] is not True else True
    trigger, trigger_why = _trigger(law, group)
    harm, harm_why = _harm(law, group, entity)
    reach, exemption, reach_why = _reach(law, entity)
    breach = both(covered, trigger)
    reasons = [
        *_reason(law, "encryption", secured_why),
        *_reason(law, "personal_information", why),
        *_reason(law, "trigger", trigger_why),
    ]
    if breach is not False:
        reasons += [
            *_reason(law, "risk_of_harm", harm_why),
            *_reason(law, "exemptions", reach_why),
        ]
    return Finding(
        verdict=both(breach, harm, reach),
        matched=tuple(c.id for c in matched),
        exposed=exposed,
        credential=_credential(matched, exposed),
        harm_relied_on=breach is not False and harm is False and reach is not False,
        exemption=exemption if breach is not False and reach is False else "",
        reasons=tuple(reasons),
    )


def _reason(law: StateLaw, field: str, words: str) -> list[Reason]:
    if not words:
        return []
    return [Reason(f"{law.id}.{field}", words, law.source(field), law.mark(field).confidence)]


def _exposed(
    law: StateLaw, group: Group, words: Vocabulary, key_taken: Verdict = None
) -> tuple[frozenset[str], bool, str]:
    """Return the codes that count, whether that is sure, and the words for it.

    With the key taken the harbour is lost everywhere, silent text or not (law data README,
    ``key_compromise_defeats``). With the key unknown the data count, as a judgement.
    """
    everything = words.closure(_standing(group))
    key = group.key_taken if key_taken is None else key_taken
    if not group.secured:
        return everything, True, ""
    listed = ", ".join(sorted(group.secured))
    if not law.encryption.exempts:
        return everything, True, f"{listed} secured, but the law has no safe harbour"
    if key is True:
        silent = "" if law.encryption.key_defeats else " (the text is silent; read the safe way)"
        return everything, True, f"{listed} secured, but the key was taken: it counts{silent}"
    left = _after_harbour(law, group, everything, words)
    remarks = "".join(f"; {r}" for r in law.encryption.remarks)
    if key is None:
        return (
            everything,
            left == everything,
            f"{listed} secured; whether the key was taken is open",
        )
    return left, True, f"{listed} secured and the key safe: safe harbour by {_unit(law)}{remarks}"


def _standing(group: Group) -> frozenset[str]:
    """Return the exposed codes; a number known to work alone counts as FIN_STANDALONE."""
    alone = group.breach.number_usable_alone is True and group.elements & {"CARD", "FIN_ACCT"}
    return group.elements | ({"FIN_STANDALONE"} if alone else set())


def _unit(law: StateLaw) -> str:
    return law.encryption.unit.replace("_", " ")


def _after_harbour(
    law: StateLaw, group: Group, everything: frozenset[str], words: Vocabulary
) -> frozenset[str]:
    """Return what still counts once secured parts are taken away.

    - data_element, element_or_combination: the element itself must be secured; who it belongs to
      may be in clear, and a secured name alone does not help.
    - name_or_element: securing either is enough, unless the file says otherwise.
    - name_and_element: both must be secured.
    """
    unit, secured = law.encryption.unit, group.secured
    clear = words.closure(_standing(group) - secured)
    if unit == "name_or_element" and law.encryption.name_alone_enough:
        return clear
    if unit == "name_and_element" and not secured & _NAMES:
        return everything
    return clear | (everything & _IDENTITY)


def _covered(
    law: StateLaw, group: Group, entity: Entity, exposed: frozenset[str], on: date
) -> tuple[Verdict, list[Combination], str]:
    """Return whether the exposed codes are personal information there."""
    verdicts: list[tuple[Verdict, Combination]] = []
    listed = {term for c in law.combinations for term in c.any_of if term != ("*",)}
    for combination in law.combinations:
        if combination.effective and combination.effective > on:
            continue
        if combination.only_if and combination.only_if not in entity.roles:
            continue
        held = _holds(combination, exposed, listed)
        if held and combination.needs == "ID_THEFT_SUFFICIENT":
            verdicts.append((group.breach.id_theft_sufficient, combination))
        else:
            verdicts.append((held, combination))
    verdicts += _number_alone(law, group, exposed)
    verdict = either(*(v for v, _ in verdicts))
    matched = [c for v, c in verdicts if v is verdict] if verdict is not False else []
    return verdict, matched, _covered_words(law, exposed, verdict, matched)


def _holds(
    combination: Combination, exposed: frozenset[str], listed: Iterable[tuple[str, ...]]
) -> bool:
    if not set(combination.all_of) <= exposed:
        return False
    if not combination.any_of:
        return True
    terms = listed if combination.any_of == (("*",),) else combination.any_of
    return any(set(term) <= exposed for term in terms)


def _number_alone(
    law: StateLaw, group: Group, exposed: frozenset[str]
) -> list[tuple[Verdict, Combination]]:
    """Return the combinations a card or account number may meet if it works without any code."""
    if group.breach.number_usable_alone is not None or not exposed & {"CARD", "FIN_ACCT"}:
        return []
    with_number = exposed | {"FIN_STANDALONE"}
    return [
        (None, c)
        for c in law.combinations
        if ("FIN_STANDALONE",) in c.any_of and not c.needs and _holds(c, with_number, ())
    ]


def _covered_words(
    law: StateLaw, exposed: frozenset[str], verdict: Verdict, matched: list[Combination]
) -> str:
    ids = ", ".join(c.id + (f": {c.note}" if c.note else "") for c in matched)
    if verdict is True:
        return f"{_listed(matched, exposed)} make personal information ({ids})"
    if verdict is None:
        return (
            f"{_listed(matched, exposed)} may make personal information ({ids}): a person must judge"
            " whether they suffice for identity theft, or open an account alone"
        )
    held = ", ".join(sorted(exposed)) or "no element"
    missing = ""
    if exposed & {"CARD", "FIN_ACCT"} and any(
        ("FIN_STANDALONE",) in c.any_of for c in law.combinations
    ):
        missing = "; a number that opens the account without any code would count"
    return f"{held}: no combination of the definition is met{missing}"


def _listed(matched: list[Combination], exposed: frozenset[str]) -> str:
    named = {code for c in matched for term in c.any_of for code in term}
    named |= {code for c in matched for code in c.all_of}
    return ", ".join(sorted(named & exposed)) or ", ".join(sorted(exposed))


def _trigger(law: StateLaw, group: Group) -> tuple[Verdict, str]:
    """Return whether what happened is a breach there. What was acquired was also accessed."""
    facts = group.breach
    access = either(facts.acquisition, facts.access)
    verdict = {
        "acquisition": facts.acquisition,
        "access": access,
        "access_and_acquisition": both(access, facts.acquisition),
        "access_or_acquisition": access,
        "acquisition_or_use": either(facts.acquisition, facts.use),
        "acquisition_release_or_use": either(facts.acquisition, facts.release, facts.use),
    }[law.trigger]
    test = law.trigger.replace("_", " ")
    said = {True: "found", False: "not found", None: "not known: a person must judge"}[verdict]
    if verdict is not False and facts.media in ("paper", "unknown") and "paper" not in law.media:
        if law.media == "any":
            return verdict, f"trigger {test}: {said}; the law covers any medium"
        return None, (
            f"trigger {test}: {said}; the law speaks of {law.media.replace('_', ' ')} data and the"
            f" medium is {facts.media}: the data on media are weak, a person must judge"
        )
    return verdict, f"trigger {test}: {said}"


def _harm(law: StateLaw, group: Group, entity: Entity) -> tuple[Verdict, str]:
    """Return whether the risk-of-harm threshold leaves the duty standing."""
    harm, facts = law.harm, group.breach
    if not harm.exists:
        return True, "no risk-of-harm threshold"
    if harm.limited:
        if facts.inadvertent_disclosure is True and facts.harm_likely is False:
            return False, f"harm threshold met: {harm.standard}"
        return True, f"the harm threshold is limited and does not apply: {harm.standard}"
    if entity.roles & set(harm.not_for_roles):
        return True, "the harm threshold is not open to this entity"
    if any(getattr(facts, known) is True for known in harm.not_when):
        known = " or ".join(harm.not_when)
        return True, f"known {known}: notice is owed whatever the risk ({harm.standard})"
    if facts.harm_likely is True:
        return True, f"harm is likely, so the threshold does not help: {harm.standard}"
    if facts.harm_likely is False:
        return False, f"harm is found unlikely: {harm.standard}"
    if harm.if_unknown == "notify":
        return True, f"harm is not determined, and then notice is owed: {harm.standard}"
    return None, f"whether harm is likely is not determined, a person must judge: {harm.standard}"


def _reach(law: StateLaw, entity: Entity) -> tuple[Verdict, str, str]:
    """Return whether the law reaches the entity, the exemption relied on, and the words."""
    for regime in law.exemptions:
        if entity.relies_on_any([regime]):
            return False, regime, f"the entity relies on the exemption {regime}: on the record"
        if entity.is_under([regime]):
            return (
                None,
                "",
                (
                    f"the law exempts {regime} entities; whether the exemption holds here is a"
                    " judgement, and it is not applied"
                ),
            )
    return _covered_entity(law, entity)


def _covered_entity(law: StateLaw, entity: Entity) -> tuple[Verdict, str, str]:
    rule = law.covered_rule
    if "min_employees" in rule:
        small = entity.employees is not None and entity.employees < rule["min_employees"]
        if small and not entity.roles & set(rule.get("or_roles", ())):
            return False, "", f"covered: {law.covered_entity}; it has {entity.employees} employees"
        return True, "", f"covered: {law.covered_entity}; taken as covered"
    if "roles" in rule and not entity.roles & set(rule["roles"]):
        return None, "", f"covered: {law.covered_entity}; a person must judge the entity's role"
    return True, "", ""


def _credential(matched: list[Combination], exposed: frozenset[str]) -> str:
    """Return whether a log-in is all that counts, or part of it."""
    logins = [c for c in matched if "LOGIN_SECRET" in c.all_of]
    inside = [
        c
        for c in matched
        if any("LOGIN_SECRET" in term and set(term) <= exposed for term in c.any_of)
    ]
    if not logins and not inside:
        return ""
    others = [c for c in matched if c not in logins and not _only_login(c, exposed)]
    return "also" if others else "only"


def _only_login(combination: Combination, exposed: frozenset[str]) -> bool:
    met = [term for term in combination.any_of if set(term) <= exposed]
    return bool(met) and all("LOGIN_SECRET" in term for term in met)


def is_government(entity: Entity) -> bool:
    """Say whether the entity is a public body."""
    return bool(entity.roles & _GOVERNMENT)
