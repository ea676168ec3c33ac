"""Score personal-data detection in text: precision, recall, F1 with Wilson intervals, MB/s, peak memory.

    python bench/text.py                         # own telecom-like set (held-out seed), look-alikes, speed
    python bench/text.py --data FILE...          # labelled sets as bench data come: presidio-research JSON, JSONL
    python bench/text.py --speed FILE            # MB/s on a plain text file
    python bench/text.py --json out.json --misses ssn

A found span is right when its code is the gold one and it overlaps the gold span by half of the longer of the two.
Each gold span is credited once; further found spans of its code inside it are not counted against. Codes that a set
does not label are not scored on it; found spans of them are listed as alarms. Public sets lie in ``../shared/data``
or ``$AMENDS_PUBLIC_DATA``; where neither is there, that part says that it was skipped.
"""

from __future__ import annotations

import argparse
import collections
import json
import math
import os
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import text_notes

from amends.elements.text import find

FOLD = {
    code: set(names.split())
    for code, names in {
        "name": "PERSON NAME",
        "address": "STREET_ADDRESS ADDRESS LOCATION ZIP_CODE",
        "email": "EMAIL EMAIL_ADDRESS",
        "phone": "PHONE PHONE_NUMBER",
        "card": "CREDIT_CARD",
        "ssn": "SSN US_SSN",
        "iban": "IBAN IBAN_CODE",
        "ip": "IP IP_ADDRESS",
        "drivers_licence": "US_DRIVER_LICENSE DRIVERS_LICENCE",
    }.items()
}


def fold(label, places):
    if places and label in ("GPE", "LOCATION"):
        return "address"
    for code, names in FOLD.items():
        if label in names:
            return code
    return label if label == label.lower() else None


def read(path, places):
    raw = Path(path).read_text("utf-8")
    rows = (
        json.loads(raw)
        if raw[:1] == "["
        else [json.loads(x) for x in raw.splitlines() if x.strip()]
    )
    for r in rows:
        gold = []
        for s in r.get("spans") or r.get("annotations") or []:
            code = fold(s.get("label") or s.get("entity_type"), places)
            if code:
                gold.append(
                    (
                        s.get("start", s.get("start_position")),
                        s.get("end", s.get("end_position")),
                        code,
                    )
                )
        yield r.get("text") or r.get("full_text") or "", gold


def wilson(right, total, z=1.96):
    if not total:
        return (0.0, 1.0)
    p = right / total
    middle = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return (round(max(0, middle - half), 3), round(min(1, middle + half), 3))


def score(rows, found, show=""):
    tp, fn, fp, alarms = (collections.Counter() for _ in range(4))
    known = {c for _, g in rows for _, _, c in g}
    for (text, gold), got in zip(rows, found, strict=True):
        hits = sorted({(f.start, f.end, f.element) for f in got})
        used = set()
        for a, b, c in gold:
            best, at = 0.0, None
            for i, (x, y, k) in enumerate(hits):
                both = min(b, y) - max(a, x)
                if k == c and both > 0 and i not in used and both / max(b - a, y - x) > best:
                    best, at = both / max(b - a, y - x), i
            if at is not None and best >= 0.5:
                tp[c] += 1
                used.add(at)
                used.update(i for i, (x, y, k) in enumerate(hits) if k == c and x >= a and y <= b)
            else:
                fn[c] += 1
                if c == show:
                    print(
                        "MISS",
                        repr(text[a:b]),
                        "|",
                        repr(text[max(0, a - 60) : b + 40]),
                        [(text[x:y], k) for x, y, k in hits],
                    )
        for i, (x, y, k) in enumerate(hits):
            if i not in used:
                (fp if k in known else alarms)[k] += 1
                if k == show:
                    print("FALSE", repr(text[x:y]), "|", repr(text[max(0, x - 60) : y + 40]))
    out = {}
    for c in sorted(known):
        p = tp[c] / (tp[c] + fp[c]) if tp[c] + fp[c] else 0.0
        r = tp[c] / (tp[c] + fn[c]) if tp[c] + fn[c] else 0.0
        out[c] = {
            "gold": tp[c] + fn[c],
            "precision": round(p, 3), "precision_95": wilson(tp[c], tp[c] + fp[c]),
            "recall": round(r, 3), "recall_95": wilson(tp[c], tp[c] + fn[c]),
            "f1": round(2 * p * r / (p + r), 3) if p + r else 0.0,
        }  # fmt: skip
    return out, dict(alarms)


def table(title, scores, alarms):
    print(f"\n## {title}")
    print(f"{'element':17}{'gold':>6}{'P':>7}{'R':>7}{'F1':>7}   P 95 %           R 95 %")
    for c, s in scores.items():
        print(
            f"{c:17}{s['gold']:6}{s['precision']:7.3f}{s['recall']:7.3f}{s['f1']:7.3f}   "
            f"{s['precision_95'][0]:.3f}-{s['precision_95'][1]:.3f}      "
            f"{s['recall_95'][0]:.3f}-{s['recall_95'][1]:.3f}"
        )
    print("alarms:", alarms)


def speed(text, names, repeat=3):
    find(text[:1000], names=names)
    took = []
    for _ in range(repeat):
        t0 = time.perf_counter()
        found = find(text, names=names)
        took.append(time.perf_counter() - t0)
    size = len(text.encode())
    return {
        "bytes": size,
        "findings": len(found),
        "names": names,
        "mb_per_s": round(size / min(took) / 1e6, 2),
    }


def public():
    roots = [
        Path(os.environ.get("AMENDS_PUBLIC_DATA", "")),
        Path(__file__).resolve().parents[2] / "shared" / "data",
    ]
    for root in roots:
        path = root / "pii-text" / "data" / "synth_dataset_v2.json"
        if path.is_file():
            return [str(path)]
    print("public set: skipped, neither $AMENDS_PUBLIC_DATA nor ../shared/data is there")
    return []


def main():
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("--data", nargs="*")
    ap.add_argument(
        "--places",
        action="store_true",
        help="fold bare places (GPE) into address, as the peers' scorer does",
    )
    ap.add_argument("--least", type=float, default=0.4)
    ap.add_argument(
        "--seed",
        type=int,
        default=9001,
        help="seed of the own set; 1 to 99 were looked at while writing",
    )
    ap.add_argument("--documents", type=int, default=1500)
    ap.add_argument("--misses", default="")
    ap.add_argument("--speed", nargs="*", default=[])
    ap.add_argument("--only", default="", help="own, look-alikes, public or speed")
    ap.add_argument("--json")
    a = ap.parse_args()
    report = {}
    sets = {}
    if a.only in ("", "own"):
        sets["own telecom-like notes, forms, chats, logs"] = list(
            text_notes.documents(a.documents, a.seed)
        )
    if a.only in ("", "public"):
        for path in a.data if a.data is not None else public():
            sets[Path(path).name] = list(read(path, a.places))
    for title, rows in sets.items():
        found = [find(t, least=a.least) for t, _ in rows]
        scores, alarms = score(rows, found, a.misses)
        table(title, scores, alarms)
        report[title] = {"scores": scores, "alarms": alarms}
    if a.only in ("", "look-alikes"):
        quiet = list(text_notes.look_alikes(2000, a.seed))
        alarms = collections.Counter()
        for t in quiet:
            for f in find(t, names=False, least=a.least):
                alarms[f.element] += 1
                if f.element == a.misses:
                    print("FALSE", repr(t[f.start : f.end]), repr(t))
        print(
            f"\n## look-alikes: {len(quiet)} documents without an identifier, alarms", dict(alarms)
        )
        report["look-alikes"] = {"documents": len(quiet), "alarms": dict(alarms)}
    if a.only in ("", "speed"):
        bulk = {title: "\n".join(t for t, _ in rows) for title, rows in sets.items()}
        bulk = {title: (t * (4_000_000 // len(t) + 1))[:4_000_000] for title, t in bulk.items()}
        bulk.update({p: Path(p).read_text("utf-8", "replace") for p in a.speed})
        for title, body in bulk.items():
            for names in (False, True):
                report[f"speed {title} names={names}"] = got = speed(body, names)
                print(title, got)
    report["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print("peak MB", report["peak_mb"])
    if a.json:
        Path(a.json).write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
