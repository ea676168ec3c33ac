"""A table with plain values as features: columns known by name, in any case and spelling."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.persons import fillers, text
from amends.persons.dates import dates_of
from amends.persons.features import Features, Part, assemble, give_back
from amends.persons.hashing import I64, U64, Bytes, among, hash_spans, mix
from amends.persons.names import FILLERS, ROLE_WORDS, SUFFIXES
from amends.persons.places import streets_of

SYNONYMS: dict[str, str] = {
    word: column
    for column, words in {
        "record_id": "record_id id rec_id recordid row_id unique_id",
        "first": "first first_name firstname given given_name givenname fname name_first forename nombre nombres",
        "middle": "middle middle_name middlename middle_initial mi mname mid name_middle segundo_nombre",
        "last": "last last_name lastname surname family family_name lname name_last apellido apellidos",
        "suffix": "suffix name_suffix sfx generation",
        "name": "name full_name fullname person_name customer_name nombre_completo",
        "business": "business business_name company company_name organization organisation org_name",
        "dob": "dob birth_date birthdate date_of_birth birth_on birthday born fecha_nacimiento fecha_de_nacimiento",
        "ssn": "ssn social_security social_security_number soc_sec_id soc_sec ssn_full tax_id tin",
        "ssn4": "ssn4 ssn_last4 ssn_last_4 last4_ssn ssn_l4 last4",
        "phone": "phone phone_number telephone tel mobile cell cell_phone msisdn telefono",
        "email": "email e_mail email_address mail correo",
        "street": "street address street_address address1 address_1 address_line1 address_line_1 addr addr1 direccion",
        "city": "city town suburb ciudad locality municipality",
        "state": "state st state_code province region estado",
        "zip": "zip zip_code zipcode postcode postal_code postal codigo_postal",
        "dl": "dl drivers_licence drivers_license driver_license driver_licence licence license dl_number",
        "account": "account account_number acct acct_no account_no account_id cuenta",
        "passport": "passport passport_number passport_no pasaporte",
        "imei": "imei", "imsi": "imsi", "ein": "ein fein employer_id",
    }.items()
    for word in words.split()
}  # fmt: skip


def known_columns(names: Iterable[str]) -> dict[str, str]:
    """Return feature → column for the columns that are known by name; the first of two wins."""
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()).strip(
            "_"
        )
        column = SYNONYMS.get(plain)
        if column and (column not in found or plain == column):
            found[column] = name
    return found


def features_of(batches: Iterable[pa.RecordBatch], known: Mapping[str, str]) -> Features:
    """Return the features of a stream of batches.

    Args:
        batches: Rows in any number of batches.
        known: Feature → column, from ``known_columns``.
    """
    wanted = ({f: b.column(c) for f, c in known.items()} for b in batches if b.num_rows)
    with ThreadPoolExecutor(
        2
    ) as pool:  # a batch's work is done in C without the interpreter's lock
        features = assemble(_ahead(pool, plain_part, wanted), None, secret=True)
    give_back()
    return features


def _ahead(
    pool: ThreadPoolExecutor,
    work: Callable[[Mapping[str, pa.Array]], Part],
    batches: Iterable[Mapping[str, pa.Array]],
) -> Iterator[Part]:
    """Yield results in order with at most four batches in hand, so that a stream stays a stream."""
    waiting: deque[Future[Part]] = deque()
    for batch in batches:
        waiting.append(pool.submit(work, batch))
        if len(waiting) > 3:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def plain_part(columns: Mapping[str, pa.Array]) -> Part:
    """Return the features of one batch of plain values."""
    cells = {
        f: (c if f == "dob" and pa.types.is_temporal(c.type) else text.as_text(c))
        for f, c in columns.items()
        if f != "record_id"
    }
    out: dict[str, npt.NDArray[Any]] = {}
    if "ssn" in cells:
        out["ssn"], out["ssn4"] = _ssn(cells["ssn"])
    if "ssn4" in cells:
        last4 = text.numbers(*text.keep(cells["ssn4"], text.NUMBER), digits=4).astype(np.int16)
        out["ssn4"] = np.where(out["ssn4"] >= 0, out["ssn4"], last4) if "ssn4" in out else last4
    if "dl" in cells:
        out["licence"], out["licence4"] = _licence(cells["dl"])
    for feature, column, element in (
        ("account", "account", "account_number"), ("passport", "passport", "passport"),
        ("device", "imei", "imei"), ("ein", "ein", "ein"),
    ):  # fmt: skip
        if column in cells:
            out[feature] = _code(cells[column], element)
    return common_part(cells, out)


def common_part(cells: Mapping[str, pa.Array], out: dict[str, npt.NDArray[np.generic]]) -> Part:
    """Return the features of one batch: identifiers as given, the rest from clear text."""
    n = len(next(iter(cells.values()))) if cells else 0
    nothing = pa.nulls(n, pa.string())
    first, middle, last, suffix = _names(cells, nothing)
    out["suffix"] = suffix
    if "dob" in cells:
        born = dates_of(cells["dob"])
        out["born"] = np.where(np.isin(born, fillers.dates()), 0, born)
    if "phone" in cells:
        out["phone"], out["phone_number"] = _phone(cells["phone"])
    if "email" in cells:
        out["email"], out["email_shape"] = _email(cells["email"])
    if "street" in cells:
        lines = streets_of(cells["street"])
        out |= {
            "house": lines.house, "street": lines.street, "street_shape": lines.shape, "unit": lines.unit
        }  # fmt: skip
    if "zip" in cells:
        out["zip"] = _postal(cells["zip"])
    for feature in ("city", "state"):
        if feature in cells:
            out[feature] = text.hash_rows(*text.keep(cells[feature], text.CODE))
    if "business" in cells:
        data, offsets = text.squeeze(*text.keep(cells["business"], text.WORDS))
        out["business"] = text.hash_rows(data, offsets)
        out["business_shape"] = text.signature(data, offsets)
    return Part(first, middle, last, out)


def _ssn(column: pa.Array) -> tuple[U64, npt.NDArray[np.int16]]:
    data, offsets = text.keep(column, text.NUMBER)
    lengths = np.diff(offsets)
    number = text.numbers(data, offsets)
    listed = among(text.hash_rows(data, offsets), fillers.hashes("ssn", "number"))
    filler = listed | ((lengths >= 8) & fillers.is_filler_ssn(number))
    full = (lengths >= 6) & ~filler
    last4 = np.where((lengths >= 4) & ~filler, number % 10_000, -1).astype(np.int16)
    return np.where(full, mix(number.view(np.uint64)), np.uint64(0)), last4


def _code(column: pa.Array, element: str) -> U64:
    found = text.hash_rows(*text.keep(column, text.CODE))
    found[among(found, fillers.hashes(element, "code"))] = 0
    return found


def _licence(column: pa.Array) -> tuple[U64, U64]:
    data, offsets = text.keep(column, text.CODE)
    found = text.hash_rows(data, offsets)
    found[among(found, fillers.hashes("drivers_licence", "code"))] = 0
    short = np.diff(offsets) < 4
    last4 = hash_spans(data, np.maximum(offsets[1:] - 4, offsets[:-1]), offsets[1:])
    found[short] = 0
    last4[found == 0] = 0
    return found, last4


def _phone(column: pa.Array) -> tuple[U64, I64]:
    data, offsets = text.keep(column, text.NUMBER)
    lengths = np.diff(offsets)
    number = text.numbers(data, offsets, digits=10)
    bad = (lengths < 7) | fillers.is_filler_phone(number)
    bad |= among(text.hash_rows(data, offsets), fillers.hashes("phone", "number"))
    number[bad] = -1
    return np.where(bad, np.uint64(0), mix(number.view(np.uint64))), number


def _email(column: pa.Array) -> tuple[U64, U64]:
    data, offsets = text.keep(column, text.MAIL)
    found = text.hash_rows(data, offsets)
    at = np.zeros(len(data) + 1, np.int64)
    np.cumsum(data == 64, out=at[1:])
    has_at = at[offsets[1:]] > at[offsets[:-1]]
    found[~has_at | among(found, fillers.hashes("email", "mail"))] = 0
    positions = np.flatnonzero(data == 64)
    local_end = offsets[:-1].copy()
    local_end[has_at] = positions[np.searchsorted(positions, offsets[:-1][has_at])]
    shape = _span_signature(data, offsets[:-1], local_end)
    shape[found == 0] = 0
    return found, shape


def _span_signature(data: Bytes, starts: I64, ends: I64) -> U64:
    inside = text.inside_spans(len(data), starts, ends)
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(ends - starts, out=offsets[1:])
    return text.signature(data[inside], offsets)


def _postal(column: pa.Array) -> U64:
    """Return a hash of the first five characters: ZIP+4 and ZIP are one."""
    data, offsets = text.keep(column, text.CODE)
    ends = np.minimum(offsets[1:], offsets[:-1] + 5)
    return hash_spans(data, offsets[:-1], ends)


_SUFFIX_WORDS = "|".join(sorted(SUFFIXES, key=len, reverse=True))
_TITLES = "MR|MRS|MS|MISS|DR|PROF|REV|HON|SR|SRA|SRTA|DON|DONA"
_DEGREES = "MD|PHD|ESQ|DDS|RN|CPA|DVM|DO"


def _names(
    cells: Mapping[str, pa.Array], nothing: pa.Array
) -> tuple[pa.DictionaryArray, pa.DictionaryArray, pa.DictionaryArray, npt.NDArray[np.uint8]]:
    first, middle = (_name(cells.get(f, nothing), given=True) for f in ("first", "middle"))
    last = _name(cells.get("last", nothing))
    suffix = _suffix(cells.get("suffix", nothing))
    if "name" in cells:
        whole = cells["name"]
        if "first" in cells and "last" in cells:  # then it speaks only where both of them are empty
            unsaid = pc.and_(pc.is_null(first.indices), pc.is_null(last.indices))
            whole = pc.if_else(unsaid, whole, None)
        if whole.null_count < len(whole):
            said = _split_full(whole)
            first, middle, last = (
                _encode(pc.coalesce(new.dictionary_decode(), old.dictionary_decode()))
                for new, old in zip(said[:3], (first, middle, last), strict=True)
            )
            suffix = np.where(suffix > 0, suffix, said[3])
    last, in_last = _cut_suffix(last)
    first, in_first = _cut_suffix(first)
    first, middle = _cut_initial(first, middle)
    suffix = np.where(suffix > 0, suffix, np.maximum(in_last, in_first)).astype(np.uint8)
    return first, middle, last, suffix


_ROLES = rf"^(?:(?:{'|'.join(sorted(ROLE_WORDS))})(?: [A-Z]\b)?(?: |$))+$"


def _name(column: pa.Array, *, given: bool = False) -> pa.DictionaryArray:
    encoded = column.dictionary_encode()
    plain = text.to_arrow(*text.squeeze(*text.keep(encoded.dictionary, text.NAME)))
    if given:
        plain = pc.if_else(pc.match_substring_regex(plain, _ROLES), "", plain)
    return _encode(plain, encoded.indices)


def _encode(words: pa.Array, indices: pa.Array | None = None) -> pa.DictionaryArray:
    """Return names dictionary encoded, fillers and empty names as null."""
    inner = words.dictionary_encode() if pa.types.is_string(words.type) else words
    bad = pc.is_in(inner.dictionary, pa.array(["", *sorted(FILLERS)]))
    codes = pc.if_else(
        pc.fill_null(bad, False), None, pa.array(np.arange(len(inner.dictionary), dtype=np.int32))
    )
    chosen = codes.take(inner.indices)
    if indices is not None:
        chosen = chosen.take(indices)
    return pa.DictionaryArray.from_arrays(chosen.cast(pa.int32()), inner.dictionary)


def _suffix(column: pa.Array) -> npt.NDArray[np.uint8]:
    encoded = column.dictionary_encode()
    data, offsets = text.keep(encoded.dictionary, text.CODE)
    codes = [SUFFIXES.get(v, 0) for v in text.to_arrow(data, offsets).to_pylist()]
    indices = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([0, *codes], np.uint8)[indices + 1])


def _cut_suffix(
    names: pa.DictionaryArray,
) -> tuple[pa.DictionaryArray, npt.NDArray[np.uint8]]:
    """Return names without JR, SR … at their end, and which it was."""
    words = names.dictionary
    found = pc.extract_regex(words, rf"^(?P<name>.*\S) (?P<suffix>{_SUFFIX_WORDS})$")
    hit = pc.is_valid(found)
    if not pc.any(hit).as_py():
        return names, np.zeros(len(names), np.uint8)
    cut = pc.if_else(hit, pc.struct_field(found, "name"), words)
    codes = [SUFFIXES.get(v or "", 0) for v in pc.struct_field(found, "suffix").to_pylist()]
    indices = names.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return _encode(cut, names.indices), np.array([0, *codes], np.uint8)[indices + 1]


def _cut_initial(
    first: pa.DictionaryArray, middle: pa.DictionaryArray
) -> tuple[pa.DictionaryArray, pa.DictionaryArray]:
    """Move a lone letter after the given name to an absent middle name: 'JOHN Q' → 'JOHN', 'Q'."""
    found = pc.extract_regex(first.dictionary, r"^(?P<name>\S{2,}) (?P<initial>[A-Z])$")
    if not pc.any(pc.is_valid(found)).as_py():
        return first, middle
    cut = pc.if_else(pc.is_valid(found), pc.struct_field(found, "name"), first.dictionary)
    initials = pc.struct_field(found, "initial").take(first.indices)
    filled = pc.coalesce(middle.dictionary_decode(), initials)
    return _encode(cut, first.indices), _encode(filled)


def _split_full(
    column: pa.Array,
) -> tuple[pa.DictionaryArray, pa.DictionaryArray, pa.DictionaryArray, npt.NDArray[np.uint8]]:
    """Return given, middle and family names and suffix of full names in either order."""
    plain = text.to_arrow(*text.squeeze(*text.keep(column, text.FULL_NAME)))
    plain = pc.replace_substring_regex(plain, rf"^(?:(?:{_TITLES})[ ,]+)+(\S+ )", r"\1")
    plain = pc.replace_substring_regex(plain, rf"[ ,]+(?:{_DEGREES})$", "")
    tail = pc.extract_regex(plain, rf"^(?P<name>.*[^ ,])[ ,]+(?P<suffix>{_SUFFIX_WORDS})$")
    plain = pc.if_else(pc.is_valid(tail), pc.struct_field(tail, "name"), plain)
    suffix = _suffix(pc.struct_field(tail, "suffix"))
    comma = pc.extract_regex(
        plain, r"^(?P<last>[^,]+?) ?, ?(?P<first>[^ ,]+)(?: (?P<middle>[^,]*))?"
    )
    particles = "DE|DEL|DELA|LA|LAS|LOS|VAN|VON|DER|DEN|DI|DA|DOS|DU|LE|BIN|BEN|AL|ST|SAN|SANTA"
    blank = pc.extract_regex(
        plain, rf"^(?P<first>\S+)(?: (?P<middle>.*?))??(?P<last>(?: (?:{particles}))* \S+)$"
    )
    parts = [
        pc.coalesce(pc.struct_field(comma, f), pc.struct_field(blank, f))
        for f in ("first", "middle", "last")
    ]
    parts[0] = pc.if_else(pc.and_(pc.is_null(parts[0]), pc.is_null(parts[2])), plain, parts[0])
    first, middle = (_name(p, given=True) for p in parts[:2])
    last = _name(parts[2])
    return first, middle, last, suffix
