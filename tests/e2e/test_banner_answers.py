"""What the banner tells the holder of each account is what the sealed notice of that person says, in its order."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

import pyarrow as pa
import pyarrow.parquet as pq

from amends.kernel import clock, ids
from amends.pipeline import open_case
from amends.portal import Published
from amends.portal.banner.export import export_banners
from amends.portal.banner.request import read_company_keys, signature
from amends.portal.handles import account_ref
from amends.portal.keys import CompanyKeys
from amends.report import publishing
from amends.site.api.app import BannerApi, Reply, banner_app
from amends.vault.signing import read_jws
from tests.e2e.face import Grown


def _asked(api: BannerApi, key: CompanyKeys, account: str) -> Reply:
    path = f"/v1/banner/{account_ref(key.account_key, account)}"
    stamp, nonce = str(int(clock.now().timestamp())), ids.new(16)
    made = signature(key.request_key, b"GET", path.encode(), stamp.encode(), nonce.encode())
    headers = {
        b"x-amends-key": key.key_id.encode(),
        b"x-amends-timestamp": stamp.encode(),
        b"x-amends-nonce": nonce.encode(),
        b"x-amends-signature": made.encode(),
    }
    return api.reply("GET", path.removeprefix("/v1"), path.encode(), headers)


def _accounts(batches: Iterable[pa.RecordBatch]) -> dict[str, set[str | None]]:
    """Return account -> those it leads to: an account of several is answered as not yet decided."""
    holders: dict[str, set[str | None]] = {}
    for batch in batches:
        for row in batch.to_pylist():
            if row["account"] is not None:
                holders.setdefault(row["account"], set()).add(row["person_id"])
    return holders


def test_the_banner_of_every_account_says_what_the_sealed_notice_says(grown: Grown) -> None:
    published = Published.open(grown.published)
    key = read_company_keys(grown.case / "keys" / "banner.json")
    public = published.keys.signing.public_bytes()
    rows = pq.read_table(
        grown.case / "seals" / str(grown.first["seal_id"]) / "notices.parquet"
    ).to_pylist()
    notices = {n["person_id"]: n for n in rows}
    with open_case(grown.case) as opened:
        ready = publishing.prepare(opened)
        holders = _accounts(publishing.account_batches(opened, ready))
        classes = {c.variant: c for c in ready.found.classes}
    states = {"yes": 0, "undecided": 0}
    lengths = set()
    exported = _exported(published, key, list(holders))
    api = banner_app(lambda: published)
    for account, persons in holders.items():
        answer = _asked(api, key, account)
        assert answer.status == 200
        lengths.add(len(answer.body))
        said = read_jws(answer.body.decode(), public)
        batch = read_jws(exported[account_ref(key.account_key, account)], public)
        assert batch["elements"] == said["elements"] and batch["texts"] == said["texts"]
        states[said["state"]] += 1
        notice = notices.get(next(iter(persons))) if len(persons) == 1 else None
        if notice is None:
            assert (said["state"], said["elements"]) == ("undecided", [])
            continue
        assert said["state"] == "yes"
        assert sorted(said["elements"]) == notice["elements"]
        letter = classes[notice["variant"]].letters[notice["language"]]
        printed = [
            item
            for section in letter.sections
            if section.key == "what_information"
            for block in section.blocks
            if block.kind == "list"
            for item in block.items
        ]
        assert said["texts"][notice["language"]]["elements"] == printed
    assert states["yes"] > 200 and states["undecided"] > 0
    assert len(lengths) == 1


def _exported(published: Published, key: CompanyKeys, accounts: list[str]) -> dict[str, str]:
    out = io.BytesIO()
    export_banners(published, key.account_key, [pa.array(accounts)], out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    return {line["account_ref"]: line["answer"] for line in lines}


def test_a_stranger_is_told_no_as_of_the_edition(grown: Grown) -> None:
    published = Published.open(grown.published)
    key = read_company_keys(grown.case / "keys" / "banner.json")
    api = banner_app(lambda: published)
    said = read_jws(
        _asked(api, key, "nobody's").body.decode(), published.keys.signing.public_bytes()
    )
    assert (said["state"], said["edition"]) == ("no", 1)
