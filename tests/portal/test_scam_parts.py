"""What is found in a text: numbers, links, addresses, telephones, signs; and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.portal.scam.clean import clean
from amends.portal.scam.hosts import clean_host, read_link
from amends.portal.scam.parts import read_parts
from amends.portal.scam.phones import phones
from amends.portal.scam.signals import signs, signs_in
from tests.portal.world import publish_world


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://larkspur.example/x?y#z", "larkspur.example"),
        ("HTTPS://LARKSPUR.EXAMPLE", "larkspur.example"),
        ("https://larkspur.example@evil.test/", "evil.test"),
        ("https://larkspur.example:443@evil.test:443", "evil.test"),
        ("https:\\\\evil.test\\larkspur.example", "evil.test"),
        ("https:/evil.test", "evil.test"),
        ("https:evil.test", "evil.test"),
        ("https:////evil.test", "evil.test"),
        ("//evil.test/x", "evil.test"),
        ("https://evil.test?larkspur.example", "evil.test"),
        ("https://evil.test#larkspur.example", "evil.test"),
        ("https://larkspur.example%40evil.test", "evil.test"),
        ("https://larkspur%252eexample/", "larkspur.example"),
        ("https://xn--lrkspur-2fg.example", "lаrkspur.example"),
        ("https://larkspur.example.", "larkspur.example"),
        ("larkspur.example:8080/x", "larkspur.example"),
        ("https://[2001:db8::1]:443/", "[2001:db8::1]"),
        ("https://", ""),
        ("https://@", ""),
    ],
)
def test_a_link_leads_where_a_browser_would_go(text: str, host: str) -> None:
    assert read_link(text).host == host


def test_a_host_has_one_form() -> None:
    assert clean_host("ＬＡＲＫＳＰＵＲ。example.") == "larkspur.example"
    assert clean_host("a" * 400) == ""
    assert clean_host("xn--" + "9" * 60) != ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call 1-888-555-0100.", ["18885550100"]),
        ("(888) 555-0100", ["18885550100"]),
        ("888.555.0100", ["18885550100"]),
        ("+1 888 555 0100", ["18885550100"]),
        ("8885550100", ["18885550100"]),
        ("tel:+18885550100", ["18885550100"]),
        ("1-800-LARKSPUR", ["18005275778"]),
        ("+44 20 7946 0018", ["442079460018"]),
        ("0044 20 7946 0018", ["442079460018"]),
        ("SSN 666-12-3456", []),
        ("95814-1234", []),
        ("2026-11-22", []),
        ("November 22, 2026", []),
        ("4111 1111 1111 1111", []),
        ("NFFFF888555010022", []),
        ("case 123456789012345", []),
        ("$1,888,555.01", []),
        ("P.O. Box 105788", []),
        ("837 CARDINAL TER", []),
        ("800 MAIN STREET", []),
        ("1-888-743-0023\n410-576-6491", ["18887430023", "14105766491"]),
        ("21202\n1-888-743-0023", ["18887430023"]),
        ("188-555-0100", []),
    ],
)
def test_telephones_are_told_from_other_numbers(text: str, found: list[str]) -> None:
    assert list(phones(text)) == found


@pytest.mark.parametrize(
    "text",
    ["the end.Next we", "e.g. this", "U.S.A.", "3.14", "v1.2.3", "file.pdf", "Inc.We are",
     "etc...", "10:30", "a/b", "and/or", "N.A.", "p.m.",
     "St. Louis", "$5.00", "Larkspur Wireless.", "...", ".", "@", "a@", "@b", "and@or"],
)  # fmt: skip
def test_ordinary_writing_is_no_link_and_no_address(text: str) -> None:
    found = read_parts(text)
    assert not found.links, found
    assert not found.addresses, found


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("notices@larkspur.example", "notices@larkspur.example"),
        ("<Notices@Larkspur.Example>,", "notices@larkspur.example"),
        ("mailto:help@evil.test?subject=x", "help@evil.test"),
        ("From: Larkspur <a@evil.test>", "a@evil.test"),
        ("a.b+c@evil.co.uk.", "a.b+c@evil.co.uk"),
    ],
)
def test_addresses_are_found(text: str, address: str) -> None:
    assert read_parts(text).addresses == (address,)


def test_whom_a_message_was_sent_to_is_not_its_sender() -> None:
    text = "From: notices@larkspur.example\nTo: me@x.example\nCc: you@y.example\n\nhello"
    assert read_parts(text).addresses == ("notices@larkspur.example",)


def test_hidden_things_are_taken_out_and_said() -> None:
    assert clean("lark\u200bspur").marks == {"hidden_signs"}
    assert clean("lark\u200bspur").text == "larkspur"
    assert clean("soft\u00adhyphen \ufeff").marks == frozenset()
    assert clean("👩\u200d👧 hello").marks == frozenset()
    assert clean("\u202egnp.exe").marks == {"turned_text"}
    assert clean('<a href="https://evil.test">larkspur.example</a>').marks == {"other_link"}
    assert (
        clean('<a href="https://help.larkspur.example/en">larkspur.example</a>').marks
        == frozenset()
    )
    assert clean('<a href="https://evil.test">see here</a>').marks == frozenset()
    assert "evil.test" in clean('<a href="https://evil.test">see here</a>').text
    assert "evil.test" not in clean("<style>a{background:url(evil.test)}</style>x").text


def test_the_source_of_a_mail_is_read() -> None:
    raw = (
        "From: a@evil.test\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: base64\n\naHR0cHM6Ly9ldmlsLnRlc3QvIHNlbmQgeW91ciBTU04=\n"
    )
    assert "https://evil.test/ send your SSN" in clean(raw).text


ASKED = {
    "asks_secret": [
        "Please confirm your Social Security number.", "Reply with your PIN", "We need your date of birth",
        "Enter the verification code",
        "If you do not verify your password, your account closes",
        "Envíe su número de Seguro Social", "Ingrese su contraseña aquí",
        "Responda con su fecha de nacimiento", "Si no confirma su clave, cerramos su cuenta",
    ],
    "asks_money": ["Buy two gift cards", "Pay a fee of $5", "Send bitcoin",
                   "Compre tarjetas de regalo", "Pague ahora con Zelle"],
    "asks_access": ["Install AnyDesk", "Download and install the tool", "Comparta su pantalla"],
    "pressure": ["Act now!", "within 24 hours", "Your account will be suspended", "Último aviso", "en 24 horas"],
    "secrecy": ["Do not tell anyone", "No le diga a nadie"],
    "prize": ["Congratulations", "Claim your refund", "Usted califica"],
    "click_here": ["Click here", "Haga clic", "Open the attached file"],
    "no_name": ["Dear Customer,", "Estimado cliente:"],
    "moves_elsewhere": ["Write me on WhatsApp"],
}  # fmt: skip


@pytest.mark.parametrize(("code", "text"), [(c, t) for c, ts in ASKED.items() for t in ts])
def test_a_sign_is_seen(code: str, text: str) -> None:
    assert code in {s.code for s in signs_in(text)}


@pytest.mark.parametrize(
    "text",
    [
        "We will never ask for your password.",
        "Do not give your Social Security number to anybody who calls.",
        "You do not have to give a credit card.",
        "Nobody from us will ask you to buy gift cards.",
        "Your Social Security number was taken.",
        "The information that was taken is your: Social Security number, password",
        "Change your password now.",
        "A security freeze is free. They will ask for the full name, date of birth and Social Security number.",
        "Nunca le pediremos su contraseña.",
        "No dé su número de Seguro Social a quien llame.",
        "Su número de Seguro Social fue copiado.",
        "Cambie su contraseña ahora.",
        "Dear Ann Example:",
        "What we will never ask: Social Security digits, passwords, PINs, card numbers, money, gift cards.",
        "Social Security digits, passwords, PINs, card numbers, money, gift cards, or access to your device.",
        "Use the code now.",
        "The offer ends on February 28, 2027.",
        "Call us at the number above.",
        "Place a fraud alert with one bureau, and it tells the other two.",
    ],
)
def test_honest_sentences_are_no_sign(text: str) -> None:
    assert signs_in(text) == ()


def test_every_sign_has_a_source() -> None:
    for sign in signs():
        assert any(s in sign.source for s in ("FTC", "CISA", "APWG")), sign.code
        assert len(sign.phrases) >= 8


def test_the_public_pages_show_no_sign(tmp_path: Path) -> None:
    publish_world(tmp_path)
    pages = sorted((tmp_path / "published" / "current" / "static").glob("e?/*.html"))
    assert len(pages) > 10
    shown = {
        f"{page.parent.name}/{page.name}": [s.code for s in signs_in(clean(page.read_text()).text)]
        for page in pages
    }
    assert not {name: found for name, found in shown.items() if found}
