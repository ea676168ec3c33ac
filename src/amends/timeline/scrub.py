# ruff: noqa: E501  (expressions and tables read best on one line)
"""Identifiers in the texts of events are masked before anything is written: social security numbers, cards, literals.

A first pass finds the rows that hold anything alike, by one expression; only those are rewritten. The last four
characters stay, so that a reader may match them against the line in the sealed exhibit. What looks like an address, a
time, a port or a size is left: the expressions ask for dashes in the right places, for thirteen to nineteen digits that
begin as cards do, for quotes around digits in a statement, or for a label such as ``ssn=``.

Source: SSA numbering (3-2-4 digits); ISO/IEC 7812-1 (13 to 19 digits; first digit 3 to 6, 2 for Mastercard's range).
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.guard import note, survivable

MASKED_COLUMNS = ("command", "message", "object", "url")
_LABEL = (
    r"(?i:\b(?:\w+[._])?(?:ssns?|social_?security(?:_?(?:number|no|num))?|social security(?: (?:number|no))?|sin|itin|tin|tax_?id|taxpayer_?id|"
    r"card_?(?:number|no|num)|card|pan|ccn|cc_?num(?:ber)?|account_?(?:number|no|num)|acct(?:_?(?:number|no|num))?|iban|"
    r"routing_?(?:number|no)|passport(?:_?(?:number|no))?|driver'?s?_?licen[cs]e(?:_?(?:number|no))?|drivers? licen[cs]e(?: (?:number|no))?|"
    r"dln?|dl_?(?:number|no|num)|licen[cs]e_?(?:number|no)|imei|imsi|iccid|msisdn|pin))"
)  # fmt: skip
_BETWEEN = r"(\\?['\"]?\s*(?:=|:|<>|!=|~|\bis\b|\blike\b)\s*\(?\s*(?:e|n)?\\?['\"]?)"
_RULES: tuple[tuple[str, str], ...] = (
    (r"\b\d{3}-\d{2}-(\d{4})\b", r"***-**-\1"),
    (r"\b(?:[2-6]\d{3}[ -])(?:\d{4}[ -]){2}(\d{4})\b", r"****-****-****-\1"),
    (r"\b3[47]\d{2}[ -]\d{6}[ -]\d(\d{4})\b", r"****-******-*\1"),
    (r"(^|[^0-9A-Za-z.])[2-6]\d{8,14}(\d{4})\b", r"\1****\2"),
    (r"'[A-Za-z]{0,3}\d{3,}(\d{4})(\\?')", r"'****\1\2"),
    (r"'\+?1?[ .\-]?\(?\d{3}\)?[ .\-]?\d{3}[ .\-]?(\d{4})(\\?')", r"'****\1\2"),
    ("(" + _LABEL + ")" + _BETWEEN + r"[A-Za-z]{0,3}\d[\w\-]*(\w{4})\b", r"\1\2****\3"),
    ("(" + _LABEL + ")" + _BETWEEN + r"\d{3} \d{2} (\d{4})\b", r"\1\2****\3"),
)  # fmt: skip
"""What is replaced: dashed social security numbers; cards in groups; runs of 13 to 19 digits; digits and telephone numbers
quoted as in SQL; whatever stands behind a label."""
_DOUBLE_QUOTED = (r"\"[A-Za-z]{0,3}\d{3,}(\d{4})(\\?\")", r'"****\1\2')
"""MySQL takes double quotes around texts; elsewhere they stand around counters, so only commands are held to this."""
_NINE = (r"\b\d{5}(\d{4})\b", r"****\1")
_SSN_LABEL = r"(?i:\bssns?\b|[._]ssn\b|\bssn[._]|social_?security)"
_ANY = (
    r"\d{3}-\d{2}-\d{4}|\d{4}[ -]\d{4}[ -]\d{4}|3[47]\d\d[ -]\d{6}|[2-6]\d{12}|['\"][A-Za-z]{0,3}\d{7}|\d{3}[ .\-]?\d{4}\\?'|"
    + _LABEL
    + r"\\?['\"]?\s*(?:[=:<>!~(]|(?i:is|like|in)\b)"
)
"""Whatever a rule may match, this matches: rows that it misses are not looked at again."""

_MOST_FAILURES = 128
"""To find one row among a hundred thousand takes some seventeen halvings."""


def masked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch of events without ``raw``, with identifiers masked in its texts and in ``extra``."""
    names = [name for name in batch.schema.names if name != "raw"]
    columns = []
    for name in names:
        column = batch.column(name)
        if name in MASKED_COLUMNS:
            column = mask_texts(column, commands=name == "command")
        elif name == "extra":
            column = _mask_fields(column)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=names)


def masked_rows(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.RecordBatch | None]:
    """Return a batch masked, and its rows that could not be masked, which must not be written.

    Where masking breaks on a batch its halves are tried, so that a row that breaks it costs that row.
    """
    clean, bad, waiting, failures = [], [], [batch], 0
    while waiting:
        part = waiting.pop()
        try:
            clean.append(masked(part))
        except Exception as error:
            if not survivable(error):
                raise
            failures += 1
            middle = part.num_rows // 2
            if middle and failures < _MOST_FAILURES:
                waiting += [part.slice(middle), part.slice(0, middle)]
                continue
            note("masking", str(part.column("log_id")[0]), error)
            bad.append(part)
    if len(clean) == 1 and not bad:
        return clean[0], None
    whole = _together(clean) or batch.slice(0, 0).drop_columns(["raw"])
    return whole, _together(bad)


def _together(batches: list[pa.RecordBatch]) -> pa.RecordBatch | None:
    made = pa.Table.from_batches(batches).combine_chunks().to_batches() if batches else []
    return made[0] if made else None


def mask_texts(texts: pa.Array, *, commands: bool = False) -> pa.Array:
    """Return a text column with identifiers masked.

    Args:
        texts: The column.
        commands: Whether the texts are statements or command lines, where double quotes may hold a literal.
    """
    if texts.null_count == len(texts):
        return texts
    odd = pc.fill_null(pc.match_substring_regex(texts, _ANY), False)
    if not pc.any(odd).as_py():
        return texts
    return pc.replace_with_mask(texts, odd, _rewritten(texts.filter(odd), commands))


def _rewritten(texts: pa.Array, commands: bool) -> pa.Array:
    rules = (*_RULES, _DOUBLE_QUOTED) if commands else _RULES
    for pattern, replacement in rules:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    labelled = pc.match_substring_regex(texts, _SSN_LABEL)
    if pc.any(labelled).as_py():
        bare = pc.replace_substring_regex(texts.filter(labelled), *_NINE)
        texts = pc.replace_with_mask(texts, labelled, bare)
    return texts


def _mask_fields(fields: pa.Array) -> pa.Array:
    if fields.null_count == len(fields) or not len(fields.items):
        return fields
    items = mask_texts(fields.items)
    if items is fields.items:
        return fields
    return pa.MapArray.from_arrays(fields.offsets, fields.keys, items)
