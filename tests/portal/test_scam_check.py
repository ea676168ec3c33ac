"""What is ours, what is not, and what cannot be told; ``ours`` for a forged message is never forgiven."""

from __future__ import annotations

import string
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.notices.channels.email import _sender_address, message
from amends.notices.plain import as_html, as_text
from amends.portal.asked.message import sample_texts
from amends.portal.scam.check import all_codes, check_message
from amends.portal.scam.clean import MAX_TEXT
from amends.portal.scam.reasons import texts
from amends.portal.scam.register import SentRegister, write_sent
from amends.portal.scam.signals import signs
from tests.notices.letters_world import recipient
from tests.portal.scam_world import (
    BY_EMAIL,
    BY_MAIL,
    INCIDENT,
    KEY,
    NEVER,
    check,
    codes,
    letters,
    open_register,
    register,
    sent_rows,
)

GENUINE = as_text(letters()[0], recipient(2))


# What is ours


@pytest.mark.parametrize("form", [as_text, as_html])
def test_every_real_letter_pasted_whole_is_ours(form: object) -> None:
    for made in letters():
        verdict = check(form(made, recipient(2)))  # type: ignore[operator]
        where = (made.variant.language, made.variant.audience, verdict.reasons)
        assert verdict.verdict == "ours", where


def test_a_real_email_is_ours_as_it_came_with_all_its_headers() -> None:
    sender = _sender_address("notices@larkspur.example", "Larkspur Wireless")
    for made in letters()[:8]:
        raw = message(recipient(2), made, sender).as_bytes(policy=SMTP).decode()
        verdict = check("Received: by mx.example.net with ESMTP id 4Xy\n" + raw)
        assert verdict.verdict == "ours", verdict.reasons


def test_a_letter_copied_from_a_pdf_with_broken_lines_is_ours() -> None:
    wrapped = "\n".join(
        line[at : at + 71]
        for line in GENUINE.splitlines()
        for at in range(0, max(len(line), 1), 71)
    )
    broken_at_spaces = GENUINE.replace(" to ", " to\n").replace(" of ", " of\n")
    assert (
        check(
            "Page 1 of 3\nAnn Example\n12 Larch Street\nReno, NV 89501\n" + broken_at_spaces
        ).verdict
        == "ours"
    )
    assert check(wrapped).verdict in ("ours", "cannot_tell")  # words cut in two are not ours


def test_a_host_that_a_line_end_cut_is_whole_again_and_hides_no_other() -> None:
    cut = GENUINE.replace("www.annualcreditreport.com", "www.an\nnualcreditreport.com")
    assert cut != GENUINE
    assert check(cut).verdict == "ours"
    for foreign in (
        "evil.top\nlarkspur.example",
        "evil.top.\nlarkspur.example",
        "evil.top\nx.larkspur.example",
    ):
        assert check(f"{BY_EMAIL} {foreign}").verdict == "not_ours", foreign


def test_a_forwarded_message_with_its_header_lines_is_ours() -> None:
    head = (
        "Begin forwarded message:\n\n> From: Larkspur Wireless <notices@larkspur.example>\n"
        "> To: Ann Example <ann@x.example>\n"
        "> Date: Sunday, November 22, 2026 at 10:00 AM\n> Subject: Notice of Data Breach - Larkspur Wireless\n>\n"
    )
    quoted = "\n".join("> " + line for line in GENUINE.splitlines())
    assert check(head + quoted).verdict == "ours"


@pytest.mark.parametrize(
    "typed",
    [BY_MAIL, BY_MAIL.lower(), "N 0000 0000 0000 0001", "N0000-0000-0000-0001", "nOOOO 0000 0000 000l",
     f"Notice number: {BY_MAIL}",
     f"Número de aviso: {BY_MAIL}", f"  {BY_MAIL}. ", "Ｎ0000000000000001"],
)  # fmt: skip
def test_a_notice_number_is_ours_however_it_is_typed(typed: str) -> None:
    verdict = check(typed)
    assert verdict.verdict == "ours", verdict
    assert codes(verdict) == {"number_sent", "number_can_be_copied"}
    assert verdict.parts[0].shown == BY_MAIL
    assert "November 20, 2026" in verdict.reasons[0].text


def test_ours_always_says_that_a_number_can_be_copied_and_nothing_promises_safety() -> None:
    assert "number_can_be_copied" in codes(check(GENUINE))
    for kind in texts().values():
        for by_language in kind.values():
            english, spanish = by_language["en"].casefold(), by_language["es"].casefold()
            assert not {"safe", "secure", "guarantee", "trust it"} & set(
                english.replace(",", " ").split()
            )
            assert "segur" not in spanish.replace("asegur", "")


# What is not


FORGED = {
    "user_name": f"{BY_EMAIL} https://larkspur.example@evil.test/check",
    "sub_domain": f"{BY_EMAIL} https://help.larkspur.example.evil.test/",
    "other_ending": f"{BY_EMAIL} larkspur.com",
    "joined_word": f"{BY_EMAIL} larkspur-breach-help.com",
    "cyrillic": f"{BY_EMAIL} https://lаrkspur.example/",
    "punycode": f"{BY_EMAIL} https://xn--lrkspur-2fg.example/",
    "digit_for_letter": f"{BY_EMAIL} 1arkspur.example",
    "missing_letter": f"{BY_EMAIL} help.lakspur.example",
    "short_link": f"{BY_EMAIL} bit.ly/3xYz",
    "number_host": f"{BY_EMAIL} http://203.0.113.7/larkspur.example",
    "one_number_host": f"{BY_EMAIL} http://3405803783/",
    "hex_host": f"{BY_EMAIL} http://0xcb007107/",
    "ipv6": f"{BY_EMAIL} http://[2001:db8::1]/",
    "backslash": f"{BY_EMAIL} https://evil.test\\@larkspur.example/",
    "escaped_dot": f"{BY_EMAIL} https://larkspur.example%2eevil.test/",
    "escaped_at": f"{BY_EMAIL} https://larkspur.example%40evil.test/",
    "defanged": f"{BY_EMAIL} hxxps://evil[.]test/",
    "full_width": f"{BY_EMAIL} ｈｔｔｐｓ：／／ｅｖｉｌ．ｔｅｓｔ／",
    "ideographic_stop": f"{BY_EMAIL} https://evil。test/",
    "script": f"{BY_EMAIL} javascript:alert(1)",
    "data": f"{BY_EMAIL} data:text/html;base64,AAAA",
    "html": f'{BY_EMAIL} <a href="https://evil.test/">https://help.larkspur.example/</a>',
    "markdown": f"{BY_EMAIL} [help.larkspur.example](https://evil.test/)",
    "form": f'{BY_EMAIL} <form action="https://evil.test"><input name="x"></form>',
    "phone": f"{BY_EMAIL} 1-888-555-0199",
    "phone_dots": f"{BY_EMAIL} 888.555.0199",
    "phone_plain": f"{BY_EMAIL} 8885550199",
    "phone_plus": f"{BY_EMAIL} +1 (888) 555 0199",
    "phone_abroad": f"{BY_EMAIL} +44 20 7946 0000",
    "phone_letters": f"{BY_EMAIL} 1-800-LARKSPR",
    "phone_wide": f"{BY_EMAIL} １-８８８-５５５-０１９９",
    "phone_arabic": f"{BY_EMAIL} ٨٨٨-٥٥٥-٠١٩٩",
    "sender": f"From: Larkspur Wireless <notices@evil.test>\n\n{BY_EMAIL}",
    "sender_shows_ours": f'From: "notices@larkspur.example" <x@evil.test>\n\n{BY_EMAIL}',
    "sender_imitates": f"From: notices@larkspur-help.com\n\n{BY_EMAIL}",
    "sender_free": f"From: Larkspur Wireless <larkspurhelp@gmail.com>\n\n{BY_EMAIL}",
    "reply_to": f"From: notices@larkspur.example\nReply-To: help@evil.test\n\n{BY_EMAIL}",
    "message_id": f"From: notices@larkspur.example\nMessage-ID: <abc@evil.test>\n\n{BY_EMAIL}",
    "unknown_number": NEVER,
    "one_true_one_false": f"{BY_EMAIL} {NEVER}",
    "secret_en": f"{BY_EMAIL} Please confirm your Social Security number.",
    "secret_es": f"{BY_EMAIL} Confirme su número de Seguro Social.",
    "secret_threat": f"{BY_EMAIL} If you do not verify your password, you lose your account.",
    "gift_card": f"{BY_EMAIL} Buy a gift card and read us the digits.",
    "crypto_es": f"{BY_EMAIL} Pague con bitcoin.",
    "remote": f"{BY_EMAIL} Install AnyDesk so that we can help.",
    "our_name_in_other_letters": f"{BY_EMAIL} Lаrkspur Wireless",
}


@pytest.mark.parametrize("name", FORGED)
def test_a_true_number_with_a_sign_against_it_is_not_ours(name: str) -> None:
    verdict = check(FORGED[name])
    assert verdict.verdict == "not_ours", verdict
    assert verdict.reasons[0].against


@pytest.mark.parametrize("name", FORGED)
def test_a_whole_letter_with_a_sign_against_it_is_not_ours(name: str) -> None:
    assert check(GENUINE + "\n" + FORGED[name]).verdict == "not_ours"


UNLIKELY_WORDS = (
    "Please bring your papers to our office.",
    "CALL BOB NOW",
    "Text Maria",
    "Dial 555 0199",
    "Phone 555-0199",
    "Write to @evilhelper",
    "Visit EVIL.ZIP",
    "e v i l . c o m",
    "E V I L . C O M",
    "evil dot com",
    "Evil (dot) Com",
    "Reply With Your Mothers Name",
    "Responda Con Su Nombre",
    "Date: meet our agent at the station",
    "To: whom it concerns, bring the letter and your papers",
    "Subject: Last chance to keep your service",
    "X-Note: come to the office with the letter",
    "Your settlement of 500 dollars waits",
    "QWxsIHlvdXIgYmFzZSBhcmUgYmVsb25nIHRvIHVz",
    "Eight Eight Eight Five Five Five",
    "al ocho ocho ocho",
    "https://help.larkspur.example:8443/",
    "https://help.larkspur.example/go?to=https://evil.test/",
    "From: billing@larkspur.example",
    "lark\u200bspur",
    "\u202eelpmaxe",
)


@pytest.mark.parametrize("words", UNLIKELY_WORDS)
def test_a_true_number_with_words_that_are_not_ours_is_never_ours(words: str) -> None:
    for text in (
        f"{BY_EMAIL}\n{words}",
        f"{GENUINE}\n{words}\n",
        f"{words}\n{GENUINE}",
        f"{words} {BY_EMAIL}",
    ):
        assert check(text).verdict != "ours", text[:200]


@pytest.mark.parametrize(
    "changed",
    [
        ("help that we", "help"),
        ("1-888-555-0100", "1-888-555-0190"),
        ("larkspur.example", "larkspur-example.test"),
        ("It costs you nothing", "It costs you one dollar"),
        ("do not have to give a credit card", "have to give a credit card"),
        ("We will never call", "We will call"),
        ("is free to place", "costs a little to place"),
    ],
)
def test_a_letter_with_a_few_words_changed_is_not_ours(changed: tuple[str, str]) -> None:
    altered = GENUINE.replace(*changed)
    if altered == GENUINE:
        return  # this letter has no such words
    assert check(altered).verdict != "ours", changed


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_letter_with_any_one_word_taken_out_of_a_sentence_is_not_ours(language: str) -> None:
    made = next(x for x in letters() if x.variant.language == language)
    lines = as_text(made, recipient(2)).splitlines()
    for at, line in enumerate(lines):
        parts = line.split(" ")
        middle = len(parts) // 2
        if len(parts) < 8 or not parts[middle].isalpha():
            continue
        shorter = " ".join(parts[:middle] + parts[middle + 1 :])
        verdict = check("\n".join([*lines[:at], shorter, *lines[at + 1 :]]))
        assert verdict.verdict != "ours", shorter


def test_a_number_sent_on_paper_in_an_email_cannot_be_told() -> None:
    text = f"From: notices@larkspur.example\nSubject: Notice of Data Breach - Larkspur Wireless\n\n{BY_MAIL}"
    verdict = check(text)
    assert verdict.verdict == "cannot_tell"
    assert "other_way" in codes(verdict)


def test_common_bait_in_both_languages_is_not_ours() -> None:
    english = (
        "Dear customer, your Larkspur account will be suspended within 24 hours. Click here and enter your password: "
        "https://larkspur-secure.com/login"
    )
    spanish = (
        "Estimado cliente: su cuenta de Larkspur será suspendida en 24 horas. Haga clic e ingrese su contraseña: "
        "https://larkspur-seguro.com"
    )
    for text in (english, spanish):
        verdict = check(text, "es")
        assert verdict.verdict == "not_ours"
        assert {"link_imitates", "asks_secret", "pressure", "click_here", "no_name"} <= codes(
            verdict
        )


# What cannot be told


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("https://help.larkspur.example/en/check", "link_ours"),
        ("help.larkspur.example", "link_ours"),
        ("1-888-555-0100", "phone_ours"),
        ("(888) 555-0100", "phone_ours"),
        ("notices@larkspur.example", "sender_ours"),
        ("billing@larkspur.example", "sender_our_domain"),
        ("www.ftc.gov", "link_named"),
        ("N00000000000001", "number_cut"),
        ("hello", "words_not_ours"),
        ("", "empty"),
        (" \n\t", "empty"),
        ("\u200b", "empty"),
    ],
)
def test_a_contact_of_ours_alone_proves_nothing(text: str, code: str) -> None:
    verdict = check(text)
    assert verdict.verdict == "cannot_tell"
    assert code in codes(verdict), verdict


def test_the_message_with_the_code_has_our_words_and_still_cannot_be_told(tmp_path: Path) -> None:
    write_sent([sent_rows([])], KEY, INCIDENT, tmp_path, texts=sample_texts(INCIDENT))
    own = SentRegister.open(tmp_path, KEY)
    for text in sample_texts(INCIDENT):
        verdict = check_message(text, own, INCIDENT, "en")
        assert verdict.verdict == "cannot_tell", verdict
        assert "words_ours" in codes(verdict)
        assert not codes(verdict) & {"asks_secret", "words_not_ours", "pressure"}


def test_without_letters_in_the_register_only_a_bare_number_can_be_ours(tmp_path: Path) -> None:
    own = open_register(tmp_path, made=())
    assert check_message(BY_EMAIL, own, INCIDENT, "en").verdict == "ours"
    assert check_message(GENUINE, own, INCIDENT, "en").verdict != "ours"


# How it speaks


def test_every_reason_has_words_in_both_languages_and_every_word_its_reason() -> None:
    assert all_codes() | {s.code for s in signs()} == set(texts()["reason"])
    for kind in texts().values():
        for by_language in kind.values():
            assert set(by_language) == {"en", "es"}
            assert all(len(t.split()) <= 60 for t in by_language.values())


@pytest.mark.parametrize("text", [GENUINE, "", "hello there, is this you?", *FORGED.values()])
@pytest.mark.parametrize("language", ["en", "es", "xx"])
def test_every_answer_says_why_and_what_to_do(text: str, language: str) -> None:
    verdict = check(text, language)
    assert verdict.says
    assert verdict.reasons
    assert verdict.next_steps
    assert not [r for r in verdict.reasons if "{" in r.text]


def test_what_was_pasted_is_shown_short_and_on_one_line() -> None:
    long = "https://evil.test/" + "a" * 5000
    for part in check(long).parts:
        assert len(part.shown) <= 80
        assert part.shown.isprintable()


# Hostile input


HOSTILE = {
    "open_tags": "<a " * 20_000,
    "open_links": "<a href='" * 7_000,
    "comments": "<!--" * 16_000,
    "brackets": "[" * 65_000,
    "markdown": "[a](" * 16_000,
    "dots": "a." * 32_000,
    "ats": "a@" * 32_000,
    "colons": ":" * 65_000,
    "slashes": "http://" * 9_000,
    "digits": "1" * 65_000,
    "phones": "888-555-" * 8_000,
    "groups": "ABCD-" * 13_000,
    "numbers": (BY_EMAIL + " ") * 3_600,
    "near_numbers": "N000000000000000 " * 3_800,
    "headers": "from: " * 10_000,
    "header_lines": "From: a\n" * 8_000,
    "mime": "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\n" * 10_000,
    "mime_head": "Content-Type: text/html; charset=\n" + "X: y\n" * 10_000,
    "percent": "https://" + "%25" * 20_000,
    "xn": "xn--" * 16_000,
    "xn_labels": "xn--aaaaaaaaaaaaaaaaaaaa." * 2_600,
    "combining": "a\u0301" * 32_000,
    "expanding": "\ufdfa" * 60_000,
    "invisible": "a\u200b" * 32_000,
    "asks": "send your ssn " * 4_600,
    "asks_apart": "send " * 6_000 + "ssn " * 6_000,
    "refusals": "never not no " * 5_000,
    "spaces": " " * 65_000,
    "lines": "\n" * 65_000,
    "entities": "&amp;" * 13_000,
    "nul": "\x00" * 65_000,
    "surrogates": "\ud800" * 60_000,
    "emoji": "👩‍👩‍👧‍👦" * 8_000,
    "too_long": "a " * MAX_TEXT,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_answered_and_is_never_ours(name: str) -> None:
    verdict = check(HOSTILE[name])
    assert verdict.verdict != "ours" or name == "numbers"
    assert len(verdict.reasons) <= 13


_pieces = st.one_of(
    st.sampled_from([*FORGED.values(), *UNLIKELY_WORDS, BY_EMAIL, "<a href=", "]( ", "@", "://", "=20",
                     "\u202e", GENUINE[:200]]),
    st.text(alphabet=st.characters(), max_size=60),
    st.text(alphabet=string.printable, max_size=60),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_pieces, max_size=8).map(" ".join))
def test_any_text_gets_an_answer(text: str) -> None:
    verdict = check(text, "es")
    assert verdict.verdict in ("ours", "not_ours", "cannot_tell")
    assert verdict.as_json()["verdict"] == verdict.verdict


_FOREIGN = "please bring meet soon waits office papers tomorrow hermano carta mundo llegue".split()  # noqa: SIM905
_foreign = st.lists(st.sampled_from(_FOREIGN), min_size=2, max_size=12).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(_foreign, st.integers(0, 40))
def test_a_letter_with_a_foreign_sentence_anywhere_is_never_ours(foreign: str, at: int) -> None:
    lines = GENUINE.splitlines()
    lines.insert(at % (len(lines) + 1), foreign)
    assert check("\n".join(lines)).verdict != "ours"


def test_the_shared_register_knows_its_own() -> None:
    assert register().n_notices == 3
