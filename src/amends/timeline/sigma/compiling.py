"""Turns rules as written into rules as evaluated. pySigma reads them; nothing of it is needed afterwards."""

from __future__ import annotations

import re
from typing import Any, cast

from sigma import conditions as C  # noqa: N812
from sigma import types as T  # noqa: N812
from sigma.collection import SigmaCollection
from sigma.correlations import (
    SigmaCorrelationRule,
    SigmaExtendedCorrelationCondition,
    SigmaRuleReference,
)
from sigma.filters import SigmaFilter
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.rule import SigmaRule

from amends.kernel import ids
from amends.timeline.sigma import correlation_rules, logsources, patterns
from amends.timeline.sigma.columns import as_column
from amends.timeline.sigma.reading_rules import RuleFile, documents
from amends.timeline.sigma.rules import (
    Book,
    Correlation,
    First,
    Node,
    Predicate,
    Refusal,
    Rule,
    RuleSet,
    all_of,
    any_of,
    none_of,
)  # fmt: skip

MAX_CONDITION = 8_192  # signs of a condition
MAX_PARENTHESES = 30
MAX_REASON = 200
FLAGS = {"IGNORECASE": "i", "MULTILINE": "m", "DOTALL": "s"}


class Refused(ValueError):  # noqa: N818 - a refusal is a row of the answer, not a failure
    """A rule cannot be taken; says why."""


def compile_rules(files: list[RuleFile]) -> RuleSet:
    """Compile all files; what cannot be taken is refused with its reason, and never stops the rest."""
    refusals = [f.refusal for f in files if f.refusal]
    parsed: list[tuple[RuleFile, Any]] = []
    filters: list[Any] = []
    for file in files:
        if file.content is not None:
            found, lost = _parsed(file)
            refusals.extend(lost)
            filters.extend(r for r in found if isinstance(r, SigmaFilter))
            parsed.extend((file, r) for r in found if not isinstance(r, SigmaFilter))
    return _compiled(parsed, filters, refusals, len(files))


def _parsed(file: RuleFile) -> tuple[list[Any], list[Refusal]]:
    """Return what a file holds and what of it is refused; when the whole cannot be read, each document alone."""
    try:
        found = documents(file.content or b"")
    except UnicodeDecodeError:
        return [], [Refusal(file.path, "", "not UTF-8")]
    except (
        Exception
    ) as error:  # one bad file must not lose the rest; what is raised on rubbish is not bounded
        return [], [Refusal(file.path, "", _reason(error))]
    plain = [d for d in found if d is not None]
    try:
        good, refusals = _collected(file, plain)
    except Exception as error:  # as above
        if len(plain) == 1:
            return [], [Refusal(file.path, "", _reason(error))]
        good, refusals = [], []
        for document in plain:
            more, lost = _parsed_one(file, document)
            good.extend(more)
            refusals.extend(lost)
    if not refusals and not good:
        refusals.append(Refusal(file.path, "", "holds no rule"))
    return good, refusals


def _parsed_one(file: RuleFile, document: Any) -> tuple[list[Any], list[Refusal]]:
    try:
        return _collected(file, [document])
    except Exception as error:  # as above
        return [], [Refusal(file.path, "", _reason(error))]


def _collected(file: RuleFile, found: list[Any]) -> tuple[list[Any], list[Refusal]]:
    if not all(isinstance(d, dict) for d in found):
        raise Refused("not a rule: a mapping is wanted")
    read = SigmaCollection.from_dicts(
        found, collect_errors=True, collect_filters=True, resolve_references=False, policy=_POLICY
    )
    refusals = [Refusal(file.path, "", _reason(e)) for e in read.errors]
    return [r for r in (*read.rules, *read.filters) if not r.errors], refusals


def _compiled(
    parsed: list[tuple[RuleFile, Any]], filters: list[Any], refusals: list[Refusal], n_files: int
) -> RuleSet:
    book, rules, seen = Book(), [], set()
    written: list[tuple[int, RuleFile, SigmaCorrelationRule]] = []
    known: dict[str, int] = {}
    for key, (file, rule) in enumerate(parsed):
        name = _identifier(file, rule)
        if name in seen:
            refusals.append(Refusal(file.path, rule.title, f"another rule has its id, {name}"))
            continue
        if isinstance(rule, SigmaCorrelationRule):
            written.append((key, file, rule))
        else:
            try:
                rules.append(_rule(key, name, file, _filtered(rule, filters), book))
            except Exception as error:  # as above
                refusals.append(Refusal(file.path, rule.title, _reason(error)))
                continue
        seen.add(name)
        known.update({w: key for w in (str(rule.id or ""), rule.name or "") if w})
    drafts, typed = [], {r.key for r in rules if r.typed}
    for key, file, made in written:
        try:
            drafts.append((file.path, _correlation(key, file, made, known, typed)))
        except Exception as error:  # as above
            refusals.append(Refusal(file.path, made.title, _reason(error)))
    correlations, lost = correlation_rules.ordered(drafts, {r.key for r in rules})
    generating = {key: made.generate for key, _, made in written}
    rules, correlations = correlation_rules.silenced(rules, correlations, generating)
    return RuleSet(
        tuple(book.kept),
        tuple(book.tests),
        tuple(rules),
        tuple(correlations),
        tuple(refusals + lost),
        n_files,
    )


def _identifier(file: RuleFile, rule: Any) -> str:
    return str(
        rule.id or rule.name or "sha256:" + ids.digest_text(f"{file.path} {rule.title}")[:16]
    )


def _filtered(rule: SigmaRule, filters: list[Any]) -> SigmaRule:
    for one in filters:
        rule = one.apply_on_rule(rule)
    return rule


def _rule(key: int, name: str, file: RuleFile, rule: SigmaRule, book: Book) -> Rule:
    source = rule.logsource
    own = (source.product or "").lower() == "amends"
    translate = _Translator(book, own)
    for written in rule.detection.condition:
        _check_condition(str(written))
    test = any_of([translate.node(c.parsed) for c in rule.detection.parsed_condition])
    when = logsources.when(book, source.product, source.category, source.service)
    first = _first(rule.custom_attributes.get("amends"), translate)
    return Rule(
        key, name, rule.name or "", rule.title, _level(rule), _tags(rule), file.pack, when, test, False, first, own
    )  # fmt: skip


def _check_condition(text: str) -> None:
    if len(text) > MAX_CONDITION:
        raise Refused(f"a condition of more than {MAX_CONDITION:,} signs")
    depth = deepest = 0
    for sign in text:
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_PARENTHESES or text.count("not") > MAX_CONDITION // 16:
        raise Refused("a condition nested too deeply")


def _first(wanted: Any, translate: _Translator) -> First | None:
    """Return the demand ``amends: {first: [fields], of: [fields]}`` of our own rules."""
    if not isinstance(wanted, dict) or "first" not in wanted:
        return None
    by, of = ([translate.field(str(f)) for f in wanted.get(w) or []] for w in ("first", "of"))
    return First(tuple(by), tuple(of))


def _level(rule: Any) -> str:
    return rule.level.name.lower() if rule.level is not None else ""


def _tags(rule: Any) -> tuple[str, ...]:
    return tuple(str(t) for t in rule.tags)


def _reason(error: BaseException) -> str:
    """Return a reason on one line, cut: rules are hostile text too."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:MAX_REASON]


class _AnyPattern(RegexEngine):
    """Takes the patterns that Python or RE2 knows; pySigma's own choice refuses to look ahead or back."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        """Return a compiled pattern, an empty one where only RE2 knows it: it is used to check, not to match."""
        try:
            made: Any = re.compile(pattern, flags)
        except re.error:
            if not patterns.linear(pattern, ""):
                raise
            made = re.compile("")
        return cast(RegexPattern, made)

    @property
    def error(self) -> type[Exception]:
        """Return what is raised for a pattern that nobody knows."""
        return re.error


_POLICY = SigmaPolicy(regex_engine=_AnyPattern())


class _Translator:
    """Turns pySigma's tree of one rule into ours."""

    def __init__(self, book: Book, own: bool) -> None:
        self.book, self.own = book, own

    def field(self, name: str) -> str:
        """Return the name of a field as predicates have it."""
        return as_column(name) if self.own else name.lower()

    def node(self, tree: Any) -> Node:
        """Return the tree of a condition."""
        if isinstance(tree, C.ConditionAND):
            return all_of([self.node(a) for a in tree.args if a is not None])
        if isinstance(tree, C.ConditionOR):
            return any_of([self.node(a) for a in tree.args if a is not None])
        if isinstance(tree, C.ConditionNOT):
            return none_of(self.node(tree.args[0]))
        if isinstance(tree, C.ConditionFieldEqualsValueExpression):
            return self.question(self.field(tree.field), tree.value)
        if isinstance(tree, C.ConditionValueExpression):
            return self.keyword(tree.value)
        raise Refused("a condition without meaning")

    def ask(self, field: str, op: Any, value: Any, cased: bool = False) -> Node:
        """Return the number of a predicate."""
        return self.book.ask(Predicate(field, op, value, cased))

    def keyword(self, value: Any) -> Node:
        """Return the test of a word looked for anywhere."""
        if isinstance(value, T.SigmaExpansion):
            return any_of([self.keyword(v) for v in value.values])
        if isinstance(value, T.SigmaString):
            parts = [T.SpecialChars.WILDCARD_MULTI, *value.s, T.SpecialChars.WILDCARD_MULTI]
            return self.text("", parts, isinstance(value, T.SigmaCasedString))
        if isinstance(value, T.SigmaNumber | T.SigmaBool):
            return self.ask("", "contains", str(value).lower())
        if isinstance(value, T.SigmaRegularExpression):
            return self.question("", value)
        raise Refused("a value that cannot be looked for without a field")

    def question(self, field: str, value: Any) -> Node:
        """Return the test of a field against a value."""
        if isinstance(value, T.SigmaString):
            return self.text(field, list(value.s), isinstance(value, T.SigmaCasedString))
        if isinstance(value, T.SigmaExpansion):
            return any_of([self.question(field, v) for v in value.values])
        if isinstance(value, T.SigmaNumber | T.SigmaBool):
            return self.ask(field, "eq", str(value).lower())
        if isinstance(value, T.SigmaNull):
            return self.ask(field, "null", True)
        if isinstance(value, T.SigmaExists):
            exists = self.ask(field, "exists", True)
            return exists if bool(value) else none_of(exists)
        return self.special(field, value)

    def special(self, field: str, value: Any) -> Node:
        """Return the test for the rarer kinds of value."""
        if isinstance(value, T.SigmaRegularExpression):
            return self.regex(field, value)
        if isinstance(value, T.SigmaCIDRExpression):
            return self.ask(field, "cidr", str(value.network))
        if isinstance(value, T.SigmaCompareExpression):
            return self.ask(field, value.op.name.lower(), float(value.number.number))
        if isinstance(value, T.SigmaFieldReference):
            how = "prefix" if value.starts_with else "suffix" if value.ends_with else "eq"
            if value.starts_with and value.ends_with:
                how = "contains"
            return self.ask(field, "ref", [self.field(value.field), how])
        raise Refused(f"a kind of value that is not known: {type(value).__name__}")

    def regex(self, field: str, value: Any) -> Node:
        """Return the test of a regular expression."""
        flags = "".join(sorted(FLAGS[f.name] for f in value.flags))
        pattern = str(value.regexp.to_plain_regex())
        engine = "linear" if patterns.linear(pattern, flags) else "python"
        if engine == "python" and patterns.nests_repetition(pattern):
            raise Refused("a regular expression that repeats endlessly what repeats endlessly")
        return self.ask(field, "re", [pattern, flags, patterns.required_literal(pattern), engine])

    def text(self, field: str, parts: list[Any], cased: bool) -> Node:
        """Return the test of a text with wildcards."""
        if any(isinstance(p, T.Placeholder) for p in parts):
            raise Refused("a placeholder that nothing fills")
        made: list[str | int | None] = []
        for part in parts:
            sign = (
                part
                if isinstance(part, str)
                else (None if part == T.SpecialChars.WILDCARD_MULTI else 0)
            )
            if isinstance(sign, str) and not cased:
                sign = sign.lower()
            if sign is None and made and made[-1] is None:
                continue
            made.append(sign)
        literals = [p for p in made if isinstance(p, str)]
        literal = literals[0] if len(literals) == 1 else ""
        shapes: dict[str, list[Any]] = {
            "contains": [None, literal, None], "prefix": [literal, None], "suffix": [None, literal],
        }  # fmt: skip
        if not made or made == [literal]:
            return self.ask(field, "eq", literal, cased)
        if made == [None]:
            return self.ask(field, "exists", True)
        for op, shape in shapes.items():
            if literal and made == shape:
                return self.ask(field, op, literal, cased)
        return self.ask(field, "glob", made, cased)


def _correlation(
    key: int, file: RuleFile, rule: SigmaCorrelationRule, known: dict[str, int], typed: set[int]
) -> Correlation:
    condition = rule.condition
    words = [r.reference for r in rule.rules or []]
    test: Node = None
    op, count, fields, percentile = "gte", float(len(words)), [], 0
    if isinstance(condition, SigmaExtendedCorrelationCondition):
        words = condition.get_referenced_rules()
        test = _reference_tree(condition.parsed, known)
    else:
        op, count = condition.op.name.lower(), float(condition.count)
        written = condition.fieldref
        fields = [written] if isinstance(written, str) else list(written or [])
        percentile = condition.percentile or 0
    refers = tuple(_key(w, known) for w in words)
    aliases = {
        a.alias: {str(_key(r.reference, known)): f.lower() for r, f in a.mapping.items()}
        for a in rule.aliases
    }
    groups = tuple(rule.group_by or ())

    def resolved(name: str) -> dict[str, str]:
        fields = {k: aliases.get(name, {}).get(str(k), name.lower()) for k in refers}
        return {str(k): as_column(f) if k in typed else f for k, f in fields.items()}

    made = Correlation(
        key, str(rule.id or rule.name or _identifier(file, rule)), rule.name or "", rule.title, _level(rule),
        _tags(rule), file.pack, rule.type.name.lower(), refers, tuple(resolved(g) for g in groups), groups,
        rule.timespan.seconds, op, count, tuple(resolved(str(f)) for f in fields), percentile, test,
    )  # fmt: skip
    correlation_rules.check(made)
    return made


def _key(word: str, known: dict[str, int]) -> int:
    if word not in known:
        raise Refused(f"it refers to a rule that is not here: {word}")
    return known[word]


def _reference_tree(tree: Any, known: dict[str, int]) -> Node:
    if isinstance(tree, SigmaRuleReference):
        return _key(tree.reference, known)
    nodes = [_reference_tree(a, known) for a in tree.args]
    word = type(tree).__name__.removeprefix("CorrelationCondition").lower()
    return [word, *nodes]
