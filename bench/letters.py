"""Letters a second through the whole print path: set, read back, compared, placed; bytes a letter; memory.

Memory is taken after each tenth of the letters, so that growth shows. With ``--peers`` the same words are set with
ReportLab and WeasyPrint where they are installed (text only: no proof, no manifest), for scale.

    python bench/letters.py --letters 10000 --batch 100 [--peers 50] [--json OUT]
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from amends.notices.channels.base import Batch, Outgoing
from amends.notices.channels.print import PrintChannel
from amends.notices.compose import Letter, compose
from amends.notices.facts import DutyText, ExposedElement, LetterFacts, Recipient, Variant
from amends.notices.plain import as_html, as_text
from amends.notices.typeset import typesetter

FACTS = LetterFacts(
    "Larkspur Wireless", date(2026, 11, 22), date(2026, 11, 1), date(2026, 8, 3), date(2026, 11, 2),
    phone="1-888-555-0100", website="larkspur.example", address=("100 Main Street", "Austin, TX 78701"),
    offer_product="SafeName", offer_months=24, enrol_by_on=date(2027, 2, 20), n_affected=20_000,
)  # fmt: skip
MORE = (
    "birth_date",
    "drivers_licence",
    "imei",
    "imsi",
    "phone",
    "email",
    "address",
    "account_number",
)


def texts(n: int) -> dict[str, tuple[Letter, tuple[str, ...]]]:
    """Return so many different texts: other elements, two languages, four audiences."""
    made = {}
    base = Variant(DutyText(("US-CA",), id_protection_months=12), ())
    for i in range(n):
        codes = ("name", "ssn", *(e for bit, e in enumerate(MORE) if i >> bit & 1))
        variant = replace(
            base,
            elements=tuple(ExposedElement(c) for c in sorted(codes)),
            language="es" if i % 5 == 4 else "en",
            audience=("adult", "adult", "guardian", "next_of_kin", "business")[i % 5],
        )
        made[f"V{i:010d}"] = (compose(variant, FACTS), codes)
    return made


def person(i: int) -> Recipient:
    return Recipient(
        f"N{i:016X}", f"P{i:012d}", f"Ann Example {i}", (f"{i} Larch Street", "Apt 4B"), "Sacramento", "CA", "95814",
        code="7KQ4-M2XD-9RTW",
    )  # fmt: skip


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def cpu_seconds() -> float:
    """Return the CPU time of this process and of the helpers that have ended."""
    own, helpers = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + helpers.ru_utime + helpers.ru_stime


def whole_path(n: int, size: int, n_texts: int) -> dict:
    known = texts(n_texts)
    names = sorted(known)
    letters = {name: known[name][0] for name in names}
    memory, n_bytes = [], 0
    with tempfile.TemporaryDirectory() as folder:
        way = PrintChannel(
            Path(folder), letters, FACTS.entity, ("100 Main Street, Austin, TX 78701",)
        )
        began, used = time.monotonic(), cpu_seconds()
        for first in range(0, n, size):
            chosen = [(i, names[i % n_texts]) for i in range(first, min(n, first + size))]
            notices = tuple(Outgoing(i, person(i), v, known[v][1]) for i, v in chosen)
            key = f"S0001-print-{first:08d}"
            assert all(o.state == "accepted" for o in way.offer(Batch(key, notices), key))
            n_bytes += (Path(folder) / key / "letters.pdf").stat().st_size
            if first // size % max(1, n // size // 10) == 0:
                memory.append(round(resident_mib()))
        typesetter().close()
        seconds, cpu = time.monotonic() - began, cpu_seconds() - used
    return {
        "letters": n, "texts": n_texts, "batch": size, "seconds": round(seconds, 1),
        "letters_per_s": round(n / seconds, 1),
        "letters_per_cpu_s": round(n / cpu, 1),
        "bytes_a_letter": round(n_bytes / n),
        "memory_mib": memory, "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "helper_peak_mib": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }  # fmt: skip


def reportlab(n: int) -> dict:
    from reportlab.lib.pagesizes import letter  # noqa: PLC0415 - a peer, where installed
    from reportlab.lib.styles import getSampleStyleSheet  # noqa: PLC0415 - a peer, where installed
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate  # noqa: PLC0415 - a peer, where installed

    style, made = getSampleStyleSheet()["Normal"], [known for known, _ in texts(16).values()]
    began, story, out = time.process_time(), [], io.BytesIO()
    for i in range(n):
        lines = as_text(made[i % 16], person(i)).split("\n")
        story += [Paragraph(line.replace("&", "&amp;"), style) for line in lines if line]
        story.append(PageBreak())
    SimpleDocTemplate(out, pagesize=letter).build(story)
    return _peer("ReportLab", n, time.process_time() - began, out.tell())


def weasyprint(n: int) -> dict:
    import weasyprint as engine  # noqa: PLC0415 - a peer, where installed

    made = [known for known, _ in texts(16).values()]
    began, n_bytes = time.process_time(), 0
    for i in range(n):
        n_bytes += len(engine.HTML(string=as_html(made[i % 16], person(i))).write_pdf())
    return _peer("WeasyPrint", n, time.process_time() - began, n_bytes)


def _peer(name: str, n: int, cpu: float, n_bytes: int) -> dict:
    return {
        "peer": name,
        "letters": n,
        "letters_per_cpu_s": round(n / cpu, 1),
        "bytes_a_letter": n_bytes // n,
    }


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--letters", type=int, default=2000)
    words.add_argument("--batch", type=int, default=100)
    words.add_argument("--texts", type=int, default=64)
    words.add_argument("--peers", type=int, default=0)
    words.add_argument("--json", default="")
    args = words.parse_args()
    results = [whole_path(args.letters, args.batch, args.texts)]
    for peer in (reportlab, weasyprint) if args.peers else ():
        try:
            results.append(peer(args.peers))
        except ImportError as error:
            results.append({"peer": peer.__name__, "missing": error.name})
    for result in results:
        print(" | ".join(f"{k} {v}" for k, v in result.items()), flush=True)
    if args.json:
        Path(args.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
