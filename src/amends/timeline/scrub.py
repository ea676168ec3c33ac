# ruff: noqa: E501  (expressions and tables read best on one line)
"""Identifiers and passwords in the texts of events are masked before anything is written.

A first pass finds the rows that hold anything alike, by one expression; only those are rewritten. Of an identifier the
last four characters stay, so that a reader may match them against the line in the sealed exhibit; of a password nothing
stays. What looks like an address, a time, a port or a size is left: the expressions ask for dashes in the right places,
for thirteen to nineteen digits that begin as cards do and have a card's check digit, for fifteen digits as of a device or
a SIM, for quotes around digits in a statement, or for a label such as ``ssn=``.

Source: SSA numbering (3-2-4 digits); ISO/IEC 7812-1 (13 to 19 digits; first digit 3 to 6, 2 for Mastercard's range; check
digit in annex B); 3GPP TS 23.003 (IMEI with the same check digit, IMSI beginning with the country's code, 2 to 7).
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.guard import note, survivable
from amends.timeline.passwords import (
    ANY_PASSWORD,
    BARE_COMMAND,
    HIDDEN,
    hide_passwords,
    secret_keys,
)

MASKED_COLUMNS = (
    "message", "command", "object", "url", "user_agent", "account", "target_account", "parent", "session",
)  # fmt: skip
_SAMPLE = 2048
"""Texts by which a column is judged: where they repeat, each distinct text is looked at once."""
_LABEL = (
    r"(?i:\b(?:\w+[._])?(?:ssns?|social_?security(?:_?(?:number|no|num))?|social security(?: (?:number|no))?|sin|itin|tin|tax_?id|taxpayer_?id|"
    r"card_?(?:number|no|num)|card|pan|ccn|cc_?num(?:ber)?|account_?(?:number|no|num)|acct(?:_?(?:number|no|num))?|iban|"
    r"routing_?(?:number|no)|passport(?:_?(?:number|no))?|driver'?s?_?licen[cs]e(?:_?(?:number|no))?|drivers? licen[cs]e(?: (?:number|no))?|"
    r"dln?|dl_?(?:number|no|num)|licen[cs]e_?(?:number|no)|imei|imsi|iccid))"
)  # fmt: skip
_BETWEEN = r"(\\?['\"]?\s*(?:=|:|<>|!=|~|\bis\b|\blike\b)\s*\(?\s*(?:e|n)?\\?['\"]?)"
_RULES: tuple[tuple[str, str], ...] = (
    (r"\b\d{3}-\d{2}-(\d{4})\b", r"***-**-\1"),
    (r"\b(?:[2-6]\d{3}[ -])(?:\d{4}[ -]){2}(\d{4})\b", r"****-****-****-\1"),
    (r"\b3[47]\d{2}[ -]\d{6}[ -]\d(\d{4})\b", r"****-******-*\1"),
    (r"'[A-Za-z]{0,3}\d{3,}(\d{4})(\\?')", r"'****\1\2"),
    ("(" + _LABEL + ")" + _BETWEEN + r"[A-Za-z]{0,3}\d[\w\-]*(\w{4})\b", r"\1\2****\3"),
    ("(" + _LABEL + ")" + _BETWEEN + r"\d{3} \d{2} (\d{4})\b", r"\1\2****\3"),
)  # fmt: skip
"""What is replaced: dashed social security numbers; cards in groups; digits quoted as in SQL; what stands behind a label."""
_DOUBLE_QUOTED = (r"\"[A-Za-z]{0,3}\d{3,}(\d{4})(\\?\")", r'"****\1\2')
"""MySQL takes double quotes around texts; elsewhere they stand around counters, so only commands are held to this."""
_NINE = (r"\b\d{5}(\d{4})\b", r"****\1")
_SSN_LABEL = r"(?i:\bssns?\b|[._]ssn\b|\bssn[._]|social_?security)"
_LABELLED = _LABEL + r"\\?['\"]?\s*(?:[=:<>!~(]|(?i:is|like|in)\b)"
_ANY = (
    r"\d{3}-\d{2}-\d{4}|\d{4}[ -]\d{4}[ -]\d{4}|3[47]\d\d[ -]\d{6}|[2-6]\d{12}|\d{15}|['\"][A-Za-z]{0,3}\d{7}|"
    + _LABELLED
)
"""Whatever a rule may match, this matches: rows that it misses are not looked at again."""
_LABELLED_KEY = _LABEL.replace(r"(?i:\b", r"(?i:(?:^|[._\-])") + "$"
_IDENTIFIER = (r"^.*\d.*(\w{4})$", r"****\1")
_DIGITS = r"\d-\d\d-\d{4}|\d{4}[ -]\d{4}[ -]\d|\d{4}[ -]\d{6}|\d{13}|['\"][A-Za-z]{0,3}\d{7}"
"""Fits more than the digits of ``_ANY``, and needs fewer states: where they are too many, RE2 is slower by ten."""
_EITHER = f"{_DIGITS}|{_LABELLED}|{ANY_PASSWORD}"
"""The one expression that every text is held against."""
_RUN = re.compile(r"(?<![0-9A-Za-z.])\d{13,19}(?![0-9A-Za-z]|\.\d)")
_HAS_RUN = r"(?:^|[^0-9A-Za-z.])(?:[2-6]\d{12,18}|\d{15})\b"
_ARGUMENT = r"^(?:a\d+(?:\[\d+\])?|proctitle|cmd|data)$"
_AUDIT_WORDS = (
    r"\b(a\d+(?:\[\d+\])?|proctitle|cmd|data)=(?:\"[^\"]*\"|[0-9A-Fa-f]+)",
    rf"\1={HIDDEN}",
)

_MOST_FAILURES = 128
"""To find one row among a hundred thousand takes some seventeen halvings."""


def masked(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch of events without ``raw``, with passwords and identifiers masked in its texts and in ``extra``."""
    columns = {n: batch.column(n) for n in batch.schema.names if n != "raw"}
    before = columns.get("command")
    for name, column in columns.items():
        if name in MASKED_COLUMNS:
            columns[name] = mask_texts(column, commands=name == "command")
        elif name == "extra":
            columns[name] = _mask_fields(column)
    _mask_audit(before, columns)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _mask_audit(before: pa.Array | None, columns: dict[str, pa.Array]) -> None:
    """Hide the arguments of audit records whose command held a secret: they stand one by one there, or in hex.

    What was typed at a terminal is hidden always: it holds the passwords that were typed blindly.
    """
    if before is None or "extra" not in columns or "source" not in columns:
        return
    ours = pc.and_(
        pc.equal(columns["source"], "auditd"),
        pc.or_(
            pc.fill_null(pc.not_equal(before, columns["command"]), False),
            pc.fill_null(pc.match_substring(columns["code"], "TTY"), False),
        ),
    )
    if not pc.any(ours).as_py():
        return
    hidden = pc.replace_substring_regex(columns["message"].filter(ours), *_AUDIT_WORDS)
    columns["message"] = pc.replace_with_mask(columns["message"], ours, hidden)
    fields = columns["extra"]
    offsets = np.asarray(fields.offsets.to_numpy(zero_copy_only=False), np.int64)
    mine = np.zeros(len(fields.keys), np.bool_)
    of_row = np.repeat(ours.to_numpy(zero_copy_only=False), np.diff(offsets))
    mine[int(offsets[0]) : int(offsets[-1])] = of_row
    named = pc.match_substring_regex(fields.keys, _ARGUMENT).to_numpy(zero_copy_only=False)
    items = pc.if_else(pa.array(mine & named), HIDDEN, fields.items)
    columns["extra"] = pa.MapArray.from_arrays(fields.offsets, fields.keys, items)


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
    """Return a text column without passwords, and with identifiers masked to their last four.

    Args:
        texts: The column.
        commands: Whether the texts are statements or command lines, where double quotes may hold a literal.
    """
    if texts.null_count == len(texts):
        return texts
    sample = texts.slice(0, _SAMPLE)
    if len(texts) > _SAMPLE and len(pc.unique(sample)) * 2 < len(sample):
        coded = texts.dictionary_encode()
        words = _mask(coded.dictionary, commands)
        return texts if words is coded.dictionary else words.take(coded.indices)
    return _mask(texts, commands)


def _mask(texts: pa.Array, commands: bool) -> pa.Array:
    pattern = f"{_EITHER}|{BARE_COMMAND}" if commands else _EITHER
    odd = pc.fill_null(pc.match_substring_regex(texts, pattern), False)
    if not pc.any(odd).as_py():
        return texts
    hidden = hide_passwords(texts.filter(odd), commands=commands)
    return pc.replace_with_mask(texts, odd, _rewritten(hidden, commands))


def _rewritten(texts: pa.Array, commands: bool) -> pa.Array:
    mine = pc.fill_null(pc.match_substring_regex(texts, _ANY), False)
    if not pc.any(mine).as_py():
        return texts
    changed = texts.filter(mine)
    for pattern, replacement in (*_RULES, _DOUBLE_QUOTED) if commands else _RULES:
        changed = pc.replace_substring_regex(changed, pattern, replacement)
    labelled = pc.match_substring_regex(changed, _SSN_LABEL)
    if pc.any(labelled).as_py():
        bare = pc.replace_substring_regex(changed.filter(labelled), *_NINE)
        changed = pc.replace_with_mask(changed, labelled, bare)
    runs = pc.match_substring_regex(changed, _HAS_RUN)
    if pc.any(runs).as_py():
        # the check digit cannot be told by an expression; such runs of digits are rare
        told = [_RUN.sub(_checked, text) for text in changed.filter(runs).to_pylist()]
        changed = pc.replace_with_mask(changed, runs, pa.array(told, pa.string()))
    return pc.replace_with_mask(texts, mine, changed)


def _checked(match: re.Match[str]) -> str:
    """Return a run of digits masked when it is a card's, a device's or a SIM's; else as it is."""
    digits = match[0]
    card = digits[0] in "23456"
    sim = len(digits) == 15 and digits[0] in "234567"
    if (not sim and not (card or len(digits) == 15)) or not (sim or _luhn(digits)):
        return digits
    return "****" + digits[-4:]


def _luhn(digits: str) -> bool:
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _mask_fields(fields: pa.Array) -> pa.Array:
    if fields.null_count == len(fields) or not len(fields.items):
        return fields
    items = mask_texts(fields.items)
    names = pc.unique(fields.keys)
    hidden = secret_keys(names)
    if len(hidden):
        items = pc.if_else(pc.is_in(fields.keys, value_set=hidden), HIDDEN, items)
    labelled = names.filter(pc.match_substring_regex(names, _LABELLED_KEY))
    if len(labelled):
        mine = pc.is_in(fields.keys, value_set=labelled)
        short = pc.replace_substring_regex(items.filter(mine), *_IDENTIFIER)
        items = pc.replace_with_mask(items, mine, short)
    if items is fields.items:
        return fields
    return pa.MapArray.from_arrays(fields.offsets, fields.keys, items)
