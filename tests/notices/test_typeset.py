"""Setting letters in a process of their own: the same bytes, flat memory, nothing left behind."""

from __future__ import annotations

import pytest

from amends.kernel.errors import DeliveryError
from amends.notices import letters, typeset
from amends.notices.letters import Piece, set_letters
from tests.notices.letters_world import letter, recipient

TEXTS = {"V1": letter()}


def pieces(n: int) -> list[Piece]:
    return [Piece(recipient(i), "V1") for i in range(n)]


def test_a_helper_sets_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = typeset.Typesetter(), typeset.Typesetter()
    monkeypatch.setattr(letters, "typesetter", lambda: near)
    here = set_letters(pieces(2), TEXTS, "Larkspur Wireless", ("100 Main Street",))
    assert near._helper is None
    far._here = typeset.HERE
    monkeypatch.setattr(letters, "typesetter", lambda: far)
    assert set_letters(pieces(2), TEXTS, "Larkspur Wireless", ("100 Main Street",)) == here
    assert far._helper is not None
    far.close()


def test_a_helper_is_changed_before_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeset, "HERE", 0)
    monkeypatch.setattr(typeset, "A_HELPER", 4)
    made = typeset.Typesetter()
    monkeypatch.setattr(letters, "typesetter", lambda: made)
    seen = []
    for _ in range(3):
        set_letters(pieces(2), TEXTS, "Larkspur Wireless", ())
        assert made._helper is not None
        seen.append(made._helper.pid)
    assert seen[0] == seen[1] != seen[2]
    helper = made._helper
    made.close()
    assert helper is not None
    assert helper.poll() == 0


def test_a_helper_that_dies_is_an_error_and_the_next_batch_gets_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(typeset, "HERE", 0)
    made = typeset.Typesetter()
    monkeypatch.setattr(letters, "typesetter", lambda: made)
    set_letters(pieces(1), TEXTS, "Larkspur Wireless", ())
    assert made._helper is not None
    made._helper.kill()
    made._helper.wait()
    with pytest.raises(DeliveryError, match="could not be set"):
        set_letters(pieces(1), TEXTS, "Larkspur Wireless", ())
    assert set_letters(pieces(1), TEXTS, "Larkspur Wireless", ()).startswith(b"%PDF")
    made.close()
