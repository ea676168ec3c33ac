"""One pass over a text for every word and shape of every detector.

Source:
    Hyperscan (Wang et al., NSDI 2019): many patterns as one automaton, linear in the text, no backtracking.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from amends.elements.detectors.address import address_shapes
from amends.elements.detectors.base import Label, Shape, bit
from amends.elements.detectors.family import AGAINST_WORDS, DETECTORS
from amends.elements.text_automaton import automaton
from amends.elements.text_shadow import Shadow


@dataclass(frozen=True)
class Hits:
    """Where words and shapes end.

    Attributes:
        words: (end, word number), in order of place.
        shapes: (end, shape number), in order of place.
    """

    words: list[tuple[int, int]]
    shapes: list[tuple[int, int]]


class Gate:
    """The compiled automata and what their numbers mean.

    Attributes:
        word_bits: Word number → elements it speaks for, as bits; 0 for a word that speaks against.
        word_labels: Word number → (element, label) of which it is a label.
        word_names: Word number → the word's element, for evidence.
        shapes: Shape number → (element, shape).
    """

    def __init__(self) -> None:
        self.word_bits: list[int] = []
        self.word_labels: list[list[tuple[str, Label]]] = []
        self.word_names: list[str] = []
        self.shapes: list[tuple[str, Shape]] = [(d.element, s) for d in DETECTORS for s in d.shapes]
        words = self._number_words()
        self._words = automaton(words)
        self._shapes = automaton([shape.gate for _, shape in self.shapes])

    def scan(self, shadow: Shadow) -> Hits:
        """Return where words and shapes end in a shadow."""
        return Hits(_ends(self._words, shadow.words), _ends(self._shapes, shadow.shapes))

    def _number_words(self) -> list[str]:
        numbers: dict[str, int] = {}
        for detector in DETECTORS:
            for word in detector.words:
                self._add(numbers, word, detector.element, None)
            for label in detector.labels:
                for word in label.words:
                    self._add(numbers, word, detector.element, label)
        for word in AGAINST_WORDS:
            if word not in numbers:
                self._add(numbers, word, "", None)
        return list(numbers)

    def _add(self, numbers: dict[str, int], word: str, element: str, label: Label | None) -> None:
        if word not in numbers:
            numbers[word] = len(numbers)
            self.word_bits.append(0)
            self.word_labels.append([])
            self.word_names.append(element or "against")
        number = numbers[word]
        if element:
            self.word_bits[number] |= bit(element)
        if label is not None:
            self.word_labels[number].append((element, label))


class AddressGate:
    """The compiled automaton of address shapes.

    Attributes:
        shapes: Shape number → shape.
    """

    def __init__(self) -> None:
        self.shapes = address_shapes()
        self._automaton = automaton([shape.gate for shape in self.shapes])

    def scan(self, words: bytes) -> list[tuple[int, int]]:
        """Return (end, shape number) for the words of a shadow."""
        return _ends(self._automaton, words)


def _ends(compiled: Any, body: bytes) -> list[tuple[int, int]]:  # Any: untyped library
    hits: list[tuple[int, int]] = []
    add = hits.append

    def on_match(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
        add((end, number))

    if body:
        compiled.scan(body, match_event_handler=on_match)
    return hits


@cache
def the_gate() -> Gate:
    """Return the gate, compiled once in a process."""
    return Gate()


@cache
def address_gate() -> AddressGate:
    """Return the gate for addresses, compiled when first wanted."""
    return AddressGate()
