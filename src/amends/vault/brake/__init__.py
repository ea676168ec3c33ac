"""The brake: a thief who gets in with a valid role cannot pull everything.

What comes in: questions, each with actor, purpose, case and tokens. What goes out: masked values, values in clear where
the purpose allows it, or a refusal. Everything is on disk, in a sealed chain, before it is answered.

Terms: a *budget* is a number of distinct persons in any hour and any day; the *ceiling* is the budget over all actors;
a *canary* is the token of an invented person, that nobody has a reason to ask for; a *release* is what two others
approve for many persons at once; the *keeper* is whoever holds the vault's keys.

Nobody sees a value but ``answering`` and ``releases``; nobody decides but ``decide``; nothing is remembered but what
the ``chain`` says.
"""
