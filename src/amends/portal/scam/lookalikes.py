"""Hosts that want to be taken for ours: told when one is met, and listed before anybody meets them.

Nothing here asks a network. Whether a listed name is registered, and by whom, is not known here.

Source:
    Permutations: the library dnstwist (Apache-2.0), without its look-ups. Letters of other scripts: its tables, after
    Unicode TR39. After the breach of a credit bureau in 2017, 194 look-alike domains of its site stood within a day.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import dnstwist
from rapidfuzz.distance import OSA

from amends.portal.scam.hosts import belongs_to, clean_host, own_label, registered

# How a look-alike works, most often met first; the rank of the list.
# Source: APWG and Interisle, "Phishing Landscape" (names of a brand joined to other words lead by far, then endings,
# then misspellings; letters of other scripts are rare since browsers show them as xn--).
TECHNIQUES = (
    "added_word", "other_ending", "hyphen", "missing_letter", "double_letter", "swapped_letters", "similar_letters",
    "wrong_letter", "extra_letter", "sub_domain", "other",
)  # fmt: skip
_OF_DNSTWIST = {
    "dictionary": "added_word", "tld-swap": "other_ending", "hyphenation": "hyphen", "omission": "missing_letter",
    "repetition": "double_letter", "transposition": "swapped_letters", "homoglyph": "similar_letters",
    "cyrillic": "similar_letters", "replacement": "wrong_letter", "bitsquatting": "wrong_letter",
    "vowel-swap": "wrong_letter", "insertion": "extra_letter", "addition": "extra_letter", "plural": "extra_letter",
    "subdomain": "sub_domain", "various": "added_word",
}  # fmt: skip
# Words that those who imitate a company after a breach join to its name.
# Source: the 2017 look-alikes (…security2017, …breach, …help, …enroll), FTC consumer alerts on breach settlements.
WORDS = (
    "help", "support", "security", "secure", "breach", "breach-help", "databreach", "incident", "notice", "response",
    "claim", "claims", "settlement", "refund", "protect", "protection", "identity", "id", "enroll", "verify", "check",
    "login", "account", "my", "alert", "alerts", "update", "info", "care", "service", "ayuda", "reclamo", "reembolso",
)  # fmt: skip
ENDINGS = (
    "com",
    "net",
    "org",
    "info",
    "us",
    "co",
    "io",
    "app",
    "online",
    "site",
    "help",
    "support",
    "care",
    "mx",
    "xyz",
)


@dataclass(frozen=True)
class LookAlike:
    """A name that somebody could register to be taken for ours.

    Attributes:
        domain: The name as it is written.
        ascii: The same as machines write it (xn--…).
        technique: One of ``TECHNIQUES``.
        of: Which of ours it imitates.
    """

    domain: str
    ascii: str
    technique: str
    of: str


def look_alikes(domains: Sequence[str], most: int = 500) -> tuple[LookAlike, ...]:
    """Return names that could be taken for these domains, the likeliest first, at most so many.

    Args:
        domains: Our domain and the site's address; what is under another of them adds its joined form.
        most: Longest list; techniques take turns, so that a short list holds some of each.
    """
    by_technique: dict[str, dict[str, LookAlike]] = {t: {} for t in TECHNIQUES}
    own = [clean_host(d) for d in domains if clean_host(d)]
    for domain in own:
        for made in _permutations(registered(domain)):
            by_technique[made.technique].setdefault(made.domain, made)
    for host in own:
        joined = host.removesuffix("." + registered(host)).replace(".", "-")
        if host != registered(host):
            base = registered(host)
            for name in (
                f"{joined}-{base}",
                f"{joined}{base}",
                f"{joined}.{base.replace('.', '-')}.com",
            ):
                by_technique["added_word"][name] = LookAlike(name, name, "added_word", host)
    queues = [list(found.values()) for found in by_technique.values()]
    ranked = [queue[i] for i in range(max(map(len, queues))) for queue in queues if i < len(queue)]
    kept: dict[str, LookAlike] = {}
    for made in ranked:
        if not any(belongs_to(made.domain, o) or made.domain == o for o in own):
            kept.setdefault(made.domain, made)
    return tuple(kept.values())[:most]


@lru_cache(maxsize=16)
def _permutations(domain: str) -> tuple[LookAlike, ...]:
    try:
        fuzzer = dnstwist.Fuzzer(domain, dictionary=list(WORDS), tld_dictionary=list(ENDINGS))
        fuzzer.generate()
        rows = sorted((str(p["fuzzer"]), str(p["domain"])) for p in fuzzer.permutations())
    except (UnicodeError, ValueError, IndexError):
        return ()
    label = own_label(domain)
    made = [
        LookAlike(clean_host(name), name, _OF_DNSTWIST.get(kind, "other"), domain)
        for kind, name in rows
        if kind != "*original" and (kind != "dictionary" or label in name)
    ]
    return tuple(sorted(made, key=lambda m: (*_likeness(m, label), m.domain)))


def _likeness(made: LookAlike, label: str) -> tuple[int, int, int]:
    """Return the order within a technique: likely words and endings first, plain letters first, small change first."""
    own, _, ending = made.domain.partition(".")
    word = own.replace(label, "").strip("-")
    return (
        WORDS.index(word) if word in WORDS else len(WORDS),
        ENDINGS.index(ending) if ending in ENDINGS else len(ENDINGS),
        0 if made.domain.isascii() else 1,
    )


def lookalike_of(host: str, ours: Iterable[str]) -> str | None:
    """Return by which technique a host imitates one of ours, or ``None`` where it does not.

    Args:
        host: The host met.
        ours: Our hosts; a host under one of them is ours and imitates nothing.

    Returns:
        One of ``TECHNIQUES``.
    """
    host = clean_host(host)
    own = [h for o in ours if (h := clean_host(o))]  # what is no host is imitated by nobody
    if not host or any(belongs_to(host, o) for o in own):
        return None
    found = {t for o in own if (t := _imitates(host, o))}
    return min(found, key=TECHNIQUES.index) if found else None


def _imitates(host: str, own: str) -> str | None:
    label, base = own_label(own), registered(own)
    if own in host or base in host or host.startswith(base.split(".")[0] + "."):
        name = registered(host)
        if name.startswith(label + "."):
            return "other_ending"
        return "sub_domain"
    if len(label) < 3:
        return None
    return _label_imitates(host, label)


def _label_imitates(host: str, label: str) -> str | None:
    """Say how the labels of a host, without its ending, imitate our label."""
    if own_label(host) == label:
        return "other_ending"
    labels = host.split(".")[:-1]
    words = [w for x in labels for w in x.replace("_", "-").split("-")]
    if label in words or (len(label) >= 5 and any(label in x for x in labels)):
        return (
            "extra_letter"
            if any(len(x) == len(label) + 1 for x in words if label in x)
            else "added_word"
        )
    flat = ["".join(labels), *(x.replace("-", "").replace("_", "") for x in labels)]
    if len(label) >= 5 and any(label in x for x in flat):
        return "hyphen" if "-" in host else "sub_domain"
    whole = label.replace("-", "")
    for pairs in (True, False):
        plain = skeleton(whole, pairs=pairs)
        pieces = {skeleton(x, pairs=pairs) for x in (*labels, *words, *flat)}
        if any(plain == p or (len(plain) >= 5 and plain in p) for p in pieces):
            return "similar_letters"
    return _misspelt(pieces, plain) or _misspelt([*words, *flat], whole)


def _misspelt(pieces: Iterable[str], plain: str) -> str | None:
    """Say whether a piece is our label with one letter wrong; two in a long one. Short names are left alone."""
    if len(plain) < 5:
        return None
    most = 2 if len(plain) >= 10 else 1
    for piece in pieces:
        near = OSA.distance(plain, piece, score_cutoff=most)
        if near <= most:
            longer = len(piece) - len(plain)
            return (
                "extra_letter" if longer > 0 else "missing_letter" if longer < 0 else "wrong_letter"
            )
    return None


@cache
def _same_looks() -> dict[int, str]:
    """Return each letter of another script or with a mark, and the plain letters it is taken for."""
    table: dict[int, str] = {}
    for plain, others in dnstwist.Fuzzer.glyphs_unicode.items():
        table |= {ord(o): plain for o in others if len(o) == 1}
    table |= {ord(o): p for p, o in dnstwist.Fuzzer.latin_to_cyrillic.items()}
    greek = zip("αβγεζηικμνορτυχω", "abyezniku" + "voptuxw", strict=False)
    table |= {ord(o): p for o, p in greek}
    return table


_SAME_SHAPES = (
    ("rn", "m"), ("vv", "w"), ("uu", "w"), ("uv", "w"), ("vu", "w"), ("lc", "k"), ("cl", "d"), ("0", "o"), ("1", "l"),
    ("i", "l"), ("3", "e"), ("5", "s"), ("c", "e"), ("v", "u"), ("q", "g"),
)  # fmt: skip


def skeleton(text: str, *, pairs: bool = True) -> str:
    """Return a text with each letter as the plain one that it looks like: look-alikes become equal.

    Args:
        text: A name.
        pairs: Whether two letters that look like one (``rn``, ``vv``, ``cl``) become it.
    """
    plain = text.casefold().translate(_same_looks())
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    for shape, letter in _SAME_SHAPES:
        if pairs or len(shape) == 1:
            plain = plain.replace(shape, letter)
    return plain
