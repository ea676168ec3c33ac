"""What a compiled set of rules is: plain values that can be kept as JSON and read back in no time.

A *test* is a tree of lists: the number of a predicate, ``true`` or ``false``, ``["and", …]``, ``["or", …]``,
``["not", x]``. A predicate is a question to one field; each stands once, however many rules ask it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Node = Any  # bool | int | list: a tree as JSON gives it

Operation = Literal[
    "eq", "contains", "prefix", "suffix", "glob", "re", "cidr", "lt", "lte", "gt", "gte", "neq",
    "null", "exists", "ref",
]  # fmt: skip


class Predicate(NamedTuple):
    """A question to one field.

    Attributes:
        field: Name of the field in lower case; ``col:NAME`` for a column of ``events``; "" for anywhere in the event.
        op: What is asked.
        value: Text in lower case unless ``cased``; a pattern of parts (``None`` any text, ``0`` any sign) for
            glob; [pattern, flags, literal it must contain] for re; a network; a number; a field.
        cased: Whether case matters.
    """

    field: str
    op: Operation
    value: Any = None
    cased: bool = False


@dataclass(frozen=True)
class First:
    """Ask that a rule fires on the earliest event of each combination only.

    Attributes:
        by: Fields of the combination.
        of: Fields that must have been seen before, with another combination; () for no such demand.
    """

    by: tuple[str, ...]
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule on single events.

    Attributes:
        key: Its number in the set, shared with correlations.
        id: Its identifier; its name, or a digest of the file, where it has none.
        name: Its name, for correlations; "" for none.
        title: Its title.
        level: informational, low, medium, high or critical; "" when it has none.
        tags: Its tags.
        pack: own, or the folder of rules it came from.
        when: Number of its log source's test in ``RuleSet.whens``.
        test: Its condition.
        silent: Whether it only serves correlations.
        first: Set where it fires on the earliest of each combination only.
        typed: Whether its fields are the columns of events (``product: amends``).
    """

    key: int
    id: str
    name: str
    title: str
    level: str
    tags: tuple[str, ...]
    pack: str
    when: int
    test: Node
    silent: bool = False
    first: First | None = None
    typed: bool = False


@dataclass(frozen=True)
class Correlation:
    """A rule on several events.

    Attributes:
        key: Its number in the set, shared with rules.
        id: Its identifier.
        name: Its name; "" for none.
        title: Its title.
        level: As for a rule.
        tags: Its tags.
        pack: As for a rule.
        type: event_count, value_count, temporal, temporal_ordered, value_sum, value_avg, value_percentile or
            value_median.
        refers: Keys of the rules or correlations it refers to, in order.
        group_by: For each group-by entry the field to take, by referred key (as text): aliases are resolved.
        group_names: Names of the group-by entries as written.
        span_s: Length of the window in seconds.
        op: gt, gte, lt, lte, eq or neq.
        count: Number the condition compares with.
        fields: Field the values are taken from, by referred key (as text).
        percentile: For value_percentile.
        test: Tree over referred keys for a temporal condition in words; ``None`` otherwise.
        silent: As for a rule.
    """

    key: int
    id: str
    name: str
    title: str
    level: str
    tags: tuple[str, ...]
    pack: str
    type: str
    refers: tuple[int, ...]
    group_by: tuple[dict[str, str], ...]
    group_names: tuple[str, ...]
    span_s: int
    op: str
    count: float
    fields: tuple[dict[str, str], ...] = ()
    percentile: int = 0
    test: Node = None
    silent: bool = False


@dataclass(frozen=True)
class Refusal:
    """A rule or file that was not taken, and why.

    Attributes:
        path: File, relative to its folder.
        title: Title of the rule; "" where none could be read.
        reason: Why.
    """

    path: str
    title: str
    reason: str


@dataclass(frozen=True)
class RuleSet:
    """All rules of a run, compiled.

    Attributes:
        predicates: Every distinct question.
        whens: Every distinct test of a log source.
        rules: Rules on single events.
        correlations: Rules on several, referred ones first.
        refusals: What was not taken.
        n_files: Files looked at.
    """

    predicates: tuple[Predicate, ...] = ()
    whens: tuple[Node, ...] = ()
    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    n_files: int = 0

    def named(self) -> dict[int, Rule | Correlation]:
        """Return rules and correlations by key."""
        found: dict[int, Rule | Correlation] = {r.key: r for r in self.rules}
        found.update({c.key: c for c in self.correlations})
        return found


@dataclass
class Book:
    """Predicates and log sources while rules are compiled: each is kept once."""

    predicates: dict[str, int] = field(default_factory=dict)
    kept: list[Predicate] = field(default_factory=list)
    whens: dict[str, int] = field(default_factory=dict)
    tests: list[Node] = field(default_factory=list)

    def ask(self, predicate: Predicate) -> int:
        """Return the number of a predicate."""
        name = repr(predicate)
        if name not in self.predicates:
            self.predicates[name] = len(self.kept)
            self.kept.append(predicate)
        return self.predicates[name]

    def when(self, test: Node) -> int:
        """Return the number of a log source's test."""
        name = repr(test)
        if name not in self.whens:
            self.whens[name] = len(self.tests)
            self.tests.append(test)
        return self.whens[name]


def all_of(nodes: list[Node]) -> Node:
    """Return a tree that holds where all nodes hold."""
    return _joined("and", nodes, False)


def any_of(nodes: list[Node]) -> Node:
    """Return a tree that holds where any node holds."""
    return _joined("or", nodes, True)


def none_of(node: Node) -> Node:
    """Return a tree that holds where the node does not."""
    if isinstance(node, bool):
        return not node
    if isinstance(node, list) and node[0] == "not":
        return node[1]
    return ["not", node]


def _joined(word: str, nodes: list[Node], settles: bool) -> Node:
    flat: list[Node] = []
    for node in nodes:
        if isinstance(node, bool):
            if node is settles:
                return settles
        elif isinstance(node, list) and node[0] == word:
            flat.extend(node[1:])
        else:
            flat.append(node)
    if not flat:
        return not settles
    return flat[0] if len(flat) == 1 else [word, *flat]
