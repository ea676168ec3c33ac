"""Evaluates all rules on a batch: answers of predicates become masks of rows, masks are joined as rules say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.sigma.fields import Batch, Field, Mask, Rows
from amends.timeline.sigma.matching import Answers, Questions
from amends.timeline.sigma.rules import Node, Predicate, Rule, RuleSet

Result = bool | Mask
MAX_KEPT_MASKS = 1_000


class Evaluator:
    """A set of rules, ready for any number of batches."""

    def __init__(self, rules: RuleSet) -> None:
        """Make the predicates ready."""
        self.rules = rules
        self.questions = Questions(rules.predicates)

    def hits(self, batch: Batch) -> Iterator[tuple[Rule, Mask]]:
        """Yield each rule that fires, with the rows it fires on."""
        work = _Work(self.questions, batch)
        whens = [work.node(test) for test in self.rules.whens]
        for rule in self.rules.rules:
            when = whens[rule.when]
            if _nowhere(when):
                continue
            result = _both(when, work.node(rule.test))
            if result is True:
                yield rule, np.ones(batch.n_rows, bool)
            elif result is not False and result.any():
                yield rule, result


class _Work:
    """What is known of one batch."""

    def __init__(self, questions: Questions, batch: Batch) -> None:
        self.questions, self.batch = questions, batch
        self._answers: dict[str, Answers] = {}
        self._masks: dict[int, Result] = {}
        self._n_kept = 0
        self._nowhere = bytearray(len(questions.predicates))

    def node(self, node: Node) -> Result:
        """Return where a test holds."""
        if type(node) is int:
            return False if self._nowhere[node] else self.ask(node)
        if isinstance(node, bool):
            return node
        if node[0] == "not":
            inner = self.node(node[1])
            return not inner if isinstance(inner, bool) else ~inner
        return self._and(node) if node[0] == "and" else self._or(node)

    def _and(self, nodes: list[Node]) -> Result:
        result: Result = True
        for node in islice(nodes, 1, None):
            result = _both(result, self.node(node))
            if _nowhere(result):
                return False
        return result

    def _or(self, nodes: list[Node]) -> Result:
        result: Result = False
        nowhere = self._nowhere
        for node in islice(nodes, 1, None):
            if type(node) is int and nowhere[node]:
                continue
            found = self.node(node)
            if found is True:
                return True
            if found is not False:
                result = found if result is False else result | found
        return result

    def ask(self, number: int) -> Result:
        """Return where a predicate holds."""
        if self._nowhere[number]:
            return False
        if number not in self._masks:
            result = self._asked(number, self.questions.predicates[number])
            if not isinstance(result, bool):
                self._n_kept += 1
            elif result is False:
                self._nowhere[number] = True
            if self._n_kept > MAX_KEPT_MASKS:
                self._masks = {k: v for k, v in self._masks.items() if isinstance(v, bool)}
                self._n_kept = 0
            self._masks[number] = result
        return self._masks[number]

    def _asked(self, number: int, predicate: Predicate) -> Result:
        field = self.batch.field(predicate.field)
        if field is None:
            self._never(self.questions.asking(predicate.field))
            return predicate.op == "null"
        if predicate.op == "null":
            return ~field.present
        if predicate.op == "exists":
            return field.present
        if predicate.op == "ref":
            return self._reference(predicate)
        answers = self._answers_of(predicate.field, field)
        hits = answers.hits(number)
        return field.mask(hits) if len(hits) else False

    def _answers_of(self, name: str, field: Field) -> Answers:
        """Return the answers for a field; all its questions whose text is nowhere are settled with the first."""
        answers = self._answers.get(name)
        if answers is None:
            answers = self._answers[name] = Answers(self.questions, name, field)
            self._never(answers.settled)
            for number in answers.open():
                self._nowhere[number] = False
        return answers

    def _never(self, numbers: Rows) -> None:
        """Note that predicates hold nowhere in the batch."""
        np.frombuffer(self._nowhere, np.uint8)[numbers] = 1

    def _reference(self, predicate: Predicate) -> Result:
        """Return where a field equals, begins with, ends with or contains another field of the same event."""
        other, how = predicate.value
        one, two = self.batch.field(predicate.field), self.batch.field(other)
        if one is None or two is None:
            return False
        left, right = one.first_codes(), two.first_codes()
        rows = np.flatnonzero((left >= 0) & (right >= 0))
        a, b = one.lower.take(pa.array(left[rows])), two.lower.take(pa.array(right[rows]))
        if how == "eq":
            good = pc.equal(a, b).to_numpy(zero_copy_only=False)
        else:
            ask = {"prefix": str.startswith, "suffix": str.endswith, "contains": str.__contains__}[
                how
            ]
            good = np.array(
                [ask(x, y) for x, y in zip(a.to_pylist(), b.to_pylist(), strict=True)], bool
            )
        mask = np.zeros(self.batch.n_rows, bool)
        mask[rows[good]] = True
        return mask


def _both(one: Result, two: Result) -> Result:
    if one is False or two is False:
        return False
    if one is True:
        return two
    return one if two is True else one & two


def _nowhere(result: Result) -> bool:
    return result is False or (result is not True and not result.any())
