"""The scam check on the letters themselves, read back from the printed PDF as a person copies them."""

from __future__ import annotations

from collections import Counter

import pypdfium2

from amends.portal.scam.published import open_check
from tests.seen.world import World


def test_the_letters_as_they_were_printed_are_known_as_ours(world: World) -> None:
    batch = next((world.folder / "released" / "out" / "print").iterdir())
    check = open_check(world.published)
    verdicts: Counter[str] = Counter()
    with pypdfium2.PdfDocument(batch / "letters.pdf") as pdf:
        for row in world.letters[::4]:
            pages = range(int(row["page_first"]) - 1, int(row["page_last"]))
            text = "\n".join(pdf[at].get_textpage().get_text_range() for at in pages)
            verdict = check(text, "en")
            verdicts[verdict.verdict] += 1
            assert verdict.verdict != "not_ours", [r.code for r in verdict.reasons if r.against]
            changed = text.replace("1-888-555-0142", "1-888-555-0199")
            assert check(changed, "en").verdict == "not_ours"
    assert verdicts["ours"] >= 0.95 * verdicts.total(), verdicts
