"""Scam check: "is this message really from you?", answered from the register of what was sent, without any network.

In comes whatever a person has: a message pasted whole, a sender, a link, a telephone number, a notice number, or a
mixture. Out comes a *verdict*: ``ours``, ``not_ours`` or ``cannot_tell``, with reasons in plain words and what to do
next. ``ours`` needs the number of a notice that was sent, no sign against it, and no words but those of our notices;
it is never a promise that a message is safe, since whoever has seen a letter can copy its number.

Terms: a *register of what was sent* holds keyed hashes of notice numbers and of the wording of letters, and our own
public contacts; a *sign* is a reason against a message; a *look-alike* is a host that wants to be taken for ours.
"""

from __future__ import annotations
