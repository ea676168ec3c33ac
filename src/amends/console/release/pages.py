"""The views of the release: what would be sealed, proofs, the seal, approvals, sending."""

from __future__ import annotations

from starlette.responses import Response

from amends import notices
from amends.console.base import Facts, Missing, Refused, Visit, action, file, page
from amends.console.desk import stamp_of
from amends.console.release import proofs, steps
from amends.console.release.jobs import JOBS, Job
from amends.console.release.proofs import PLAN, TextRow
from amends.console.roles import AREAS, ROLES
from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.errors import AmendsError, DeliveryError, UsageError
from amends.notices import seals
from amends.notices.dispatch import CHANNELS
from amends.notices.facts import LetterFacts, Variant
from amends.notices.release import APPROVALS_NEEDED
from amends.tables.notices import NOTICES

GALLERY = 12
"""Texts on one page of proofs."""


@page("/release", name="release", area="release", template="release/home.html", rows="seals")
def home(visit: Visit) -> Facts:
    """Show what would be sealed next, every seal and where it stands, and who may do what."""
    with visit.case() as case:
        following = steps.next_seal(visit.desk, case)
        found = steps.standings(visit.desk, case)
        ready = case.has(NOTICES)
    return {
        "next": following.as_json(),
        "seals": [s.as_json() for s in found],
        "sending": [_job_json(j) for c in CHANNELS if (j := JOBS.find(visit.desk, c))],
        "channels": list(CHANNELS),
        "may_release": visit.may("release", act=True),
        "roles": [
            {"role": role, "sees": role in AREAS["release"].see, "seals_approves_sends": role in AREAS["release"].act}
            for role in ROLES
        ],
        "_planned": ready,
        "_released": any(s.released for s in found),
    }  # fmt: skip


@action("/release/seal", name="release_seal", area="release")
def seal(visit: Visit) -> str:
    """Freeze the plan under a seal."""
    with visit.alone() as case:
        made = notices.seal(case)
    visit.say(
        f"Sealed as {made.seal_id}: {made.n_notices:,} notices. Now two different people approve it."
    )
    return f"/release/{made.seal_id}"


@page(
    "/release/{seal}",
    name="release_seal_page",
    area="release",
    template="release/seal.html",
    rows="texts",
)
def seal_page(visit: Visit) -> Facts:
    """Show a seal (or the plan): counts, held, warnings, proofs, who looked, who approved, what was sent."""
    seal_id = visit.path("seal")
    at = visit.number("page", 0, most=1_000_000)
    with visit.case() as case:
        texts = list(_texts(visit, case, seal_id).values())
        standing = None
        if seal_id != PLAN:
            standing = next(
                s for s in steps.standings(visit.desk, case) if s.seal.seal_id == seal_id
            )
        following = steps.next_seal(visit.desk, case) if seal_id == PLAN else None
    looked = steps.looks(visit.desk, seal_id)
    shown = texts[at * GALLERY : (at + 1) * GALLERY]
    missing = steps.looks_missing(looked, visit.user.shown, texts)
    return {
        "seal": seal_id,
        "standing": standing.as_json() if standing else None,
        "next": following.as_json() if following else None,
        "n_texts": len(texts),
        "texts": [_text_json(t) for t in (texts if visit.asked("texts") == "all" else shown)],
        "looked": [
            {"by": one.by, "texts": len(one.texts), "languages": sorted(one.languages), "last_at": one.last_at}
            for one in looked
        ],
        "looks_needed": min(steps.LOOKS_NEEDED, len(texts)),
        "looks_missing": missing,
        "approved_by_me": bool(standing) and visit.user.shown in (standing.approved_by if standing else ()),
        "may_release": visit.may("release", act=True),
        "_shown": shown,
        "_links": _links(f"/release/{seal_id}", at, len(texts)),
    }  # fmt: skip


def _text_json(text: TextRow) -> dict[str, object]:
    return {
        "variant": text.variant, "language": text.language, "audience": text.audience, "kind": text.kind,
        "people": text.n, "channels": list(text.channels), "elements": list(text.elements), "state": text.state,
    }  # fmt: skip


def _texts(visit: Visit, case: Case, seal_id: str) -> dict[str, TextRow]:
    """Return the texts of a seal or plan by id, in the order of the gallery, read once for each change."""
    key = (seal_id, visit.desk.tables_stamp())
    return visit.desk.kept(
        "release:texts", key, lambda: {t.variant: t for t in proofs.texts_of(case, seal_id)}
    )


def _text(visit: Visit, case: Case, seal_id: str, text: str) -> TextRow:
    found = _texts(visit, case, seal_id).get(text)
    if found is None:
        raise Missing("There is no such text in this seal", remedy="see its proofs")
    return found


def _words(visit: Visit, case: Case, seal_id: str) -> proofs.Words:
    """Return what a seal's texts are composed from, read once; nothing that was sealed changes."""
    files = [seals.folder_of(case, seal_id) / "texts.json"]
    key = (
        seal_id,
        stamp_of(files) or visit.desk.tables_stamp(),
        clock.now().date(),
        visit.desk.acts_stamp(),
    )
    return visit.desk.kept("release:words", key, lambda: proofs.words_of(case, seal_id))


def _links(path: str, at: int, total: int) -> dict[str, object]:
    first = at * GALLERY
    return {
        "before": f"{path}?page={at - 1}#proofs" if at else "",
        "after": f"{path}?page={at + 1}#proofs" if first + GALLERY < total else "",
        "first": min(first + 1, total),
        "last": min(first + GALLERY, total),
        "total": total,
    }


@page(
    "/release/{seal}/proofs/{text}",
    name="release_proof",
    area="release",
    template="release/proof.html",
    rows="elements",
)
def proof(visit: Visit) -> Facts:
    """Show a text in both languages as pictures, its elements checked against the plan; the ledger keeps the look."""
    seal_id, text = visit.path("seal"), visit.path("text")
    with visit.case() as case:
        row, words = _text(visit, case, seal_id, text), _words(visit, case, seal_id)
        found = proofs.prove(case, seal_id, row, words)
        other = _other_language(case, words.of(row), words.facts)
        texts = _texts(visit, case, seal_id)
    visit.note("look", view="proof", seal=seal_id, text=text, language=row.language)
    ids = list(texts)
    place = ids.index(text)
    return {
        "seal": seal_id,
        "text": _text_json(row),
        "pages": found.n_pages,
        "words": found.text,
        "checked": found.checked,
        "elements": [
            {"element": e.element, "words": e.words, "planned": e.planned, "named": e.named, "agrees": e.agrees}
            for e in found.elements
        ],
        "faults": list(found.faults),
        "agrees": not found.faults and all(e.agrees for e in found.elements),
        "other": other,
        "place": place + 1,
        "n": len(ids),
        "missing": steps.looks_missing(
            steps.looks(visit.desk, seal_id), visit.user.shown, list(texts.values())
        ),
        "_before": ids[place - 1] if place else "",
        "_after": ids[place + 1] if place + 1 < len(ids) else "",
    }  # fmt: skip


def _other_language(case: Case, variant: Variant, facts: LetterFacts) -> dict[str, object]:
    """Return the same text in the other language; what cannot be composed there says why."""
    turned = proofs.in_other_language(variant)
    try:
        _, n_pages, words = proofs.pictures(case, turned, facts)
    except AmendsError as error:
        return {"language": turned.language, "pages": 0, "words": "", "why_not": error.what}
    return {"language": turned.language, "pages": n_pages, "words": words, "why_not": ""}


@file(
    "/release/{seal}/proofs/{text}/{language}/{number}.png", name="release_picture", area="release"
)
def picture(visit: Visit) -> Response:
    """Return one page of a text's specimen as a picture."""
    number, language = visit.path("number"), visit.path("language")
    if not (number.isascii() and number.isdigit() and len(number) < 4) or language not in (
        "en",
        "es",
    ):
        raise Missing("There is no such page", remedy="open the proof")
    with visit.case() as case:
        row = _text(visit, case, visit.path("seal"), visit.path("text"))
        words = _words(visit, case, visit.path("seal"))
        variant, facts = words.of(row), words.facts
        if variant.language != language:
            variant = proofs.in_other_language(variant)
        folder, n_pages, _ = proofs.pictures(case, variant, facts)
    if not 1 <= int(number) <= n_pages:
        raise Missing("There is no such page", remedy="open the proof")
    drawn = (folder / f"{int(number)}.png").read_bytes()
    return Response(
        drawn, media_type="image/png", headers={"cache-control": "private, max-age=600"}
    )


@action("/release/{seal}/approve", name="release_approve", area="release")
def approve(visit: Visit) -> str:
    """Approve a seal as the person who signed in, who has looked at enough of its proofs."""
    seal_id = visit.path("seal")
    with visit.alone() as case:
        texts = list(_texts(visit, case, seal_id).values())
        standing = next(
            (s for s in steps.standings(visit.desk, case) if s.seal.seal_id == seal_id), None
        )
        if standing is None:
            raise Missing("There is no such seal", remedy="see them under Release")
        if visit.form("digest") != standing.seal.digest:
            raise UsageError("That is not the seal you were shown", remedy="load its page again")
        missing = steps.looks_missing(steps.looks(visit.desk, seal_id), visit.user.shown, texts)
        if missing:
            raise Refused(
                f"Before you approve {seal_id}: {missing}",
                remedy=f"see its proofs: /release/{seal_id}#proofs",
            )
        made = notices.approve(case, seal_id, visit.user.shown)
    left = APPROVALS_NEEDED - len(made.approved_by)
    visit.say(
        f"You approved {seal_id}." + (f" {left} more must." if left > 0 else " It may be sent.")
    )
    return f"/release/{seal_id}"


@page(
    "/release/send/{channel}",
    name="release_send",
    area="release",
    template="release/send.html",
    rows="states",
)
def send_page(visit: Visit) -> Facts:
    """Show what a sending would do (or does), and what became of what was sent."""
    channel = _channel(visit)
    why_not, due = "", None
    with visit.case() as case:
        try:
            due = notices.to_send(case, channel)
        except DeliveryError as error:
            why_not = f"{error.what}. {error.remedy}"
        states = [r for r in notices.status(case) if r["channel"] == channel]
    job = JOBS.find(visit.desk, channel)
    return {
        "channel": channel,
        "due": due.as_json() if due else None,
        "why_not": why_not,
        "states": states,
        "job": _job_json(job) if job else None,
        "may_release": visit.may("release", act=True),
    }


def _channel(visit: Visit) -> str:
    channel = visit.path("channel")
    if channel not in CHANNELS:
        raise Missing("There is no such channel", remedy="known: " + ", ".join(CHANNELS))
    return channel


def _job_json(job: Job) -> dict[str, object]:
    return {
        "channel": job.channel, "by": job.by, "started_at": job.started_at, "total": job.total, "done": job.done,
        "state": job.state, "result": job.result, "what": job.what, "remedy": job.remedy,
    }  # fmt: skip


@action("/release/send/{channel}/start", name="release_start", area="release")
def start(visit: Visit) -> str:
    """Begin to send, when what would be sent is still what was shown."""
    channel = _channel(visit)
    with visit.alone() as case:
        due = notices.to_send(case, channel)
    if not due.count:
        raise DeliveryError(
            f"Nothing is left to send by {channel}", remedy="seal what is new, then approve it"
        )
    if visit.number("count", -1) != due.count:
        visit.say("The number has changed since the page was drawn. Look again before you send.")
        return f"/release/send/{channel}"
    JOBS.start(visit.desk, channel, visit.user.shown, due.count)
    visit.say(f"Sending {due.count:,} notices by {channel}. You may close this page.")
    return f"/release/send/{channel}"
