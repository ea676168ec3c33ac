"""The network at each date of its evidence, the ways through it to customer data, and what closes them."""

from __future__ import annotations

from amends.kernel.schema import Column, Table

FACTS = Table(
    "facts",
    "a fact about the network that lets an intruder take a step, with its state",
    (
        Column(
            "fact_id", "text", "T and a digest of kind, source and target: stable between runs."
        ),
        Column("kind", "text", "reach, no_auth, weak_auth, stored_on, opens, reads …"),
        Column(
            "source", "text", "Place it is about: zone:dmz, asset:jump1, service:jump1:22/tcp …"
        ),
        Column("target", "text", "The other place; empty for facts about one."),
        Column("detail", "text", "Further words: identity, CVE, rule."),
        Column("evidence", "text", "Where it was read: exhibit, file and line."),
        Column("first_on", "day", "Day of the first evidence; null when nobody said."),
        Column("last_on", "day", "Day of the latest evidence that could show it."),
        Column(
            "state",
            "text",
            "open, claimed (somebody says it is gone), verified (evidence says so), reopened.",
        ),
        Column("state_evidence", "text", "What the state rests on."),
        Column("n_paths", "int", "Open paths that need it."),
        Column("remedy", "text", "What would make it untrue."),
    ),
)

ATTACK_PATHS = Table(
    "attack_paths",
    "a step of a way from the internet to a store",
    (
        Column("path_id", "text", "A and a digest of its facts: stable between runs."),
        Column("rank", "int", "From 1: most persons first, then fewest steps."),
        Column("store", "text", "Store at its end."),
        Column("persons", "int", "People whose data the store holds; null when not known."),
        Column("is_open", "bool", "Whether the latest evidence still allows it."),
        Column("step", "int", "From 1."),
        Column("fact_id", "text", "Fact that the step rests on."),
        Column("from", "text", "Place before the step."),
        Column("to", "text", "Place after it."),
        Column("why", "text", "The step in a sentence."),
    ),
)

CLOSURES = Table(
    "closures",
    "a fix: facts which made untrue take ways away",
    (
        Column("closure_id", "text", "C and a digest of its facts."),
        Column("rank", "int", "Order in which they are proposed, from 1."),
        Column("fact_ids", "texts", "Facts to make untrue."),
        Column("remedy", "text", "What to do, in a sentence."),
        Column("optimal", "bool", "Whether it was proved that no fewer fixes close every path."),
        Column(
            "persons_closed",
            "int",
            "People whose data no open path reaches any more once this fix is made.",
        ),
        Column("persons_alone", "int", "People whose data it protects when it alone is made."),
        Column("state", "text", "open, claimed, verified, reopened."),
    ),
)

PATH_FIXES = Table(
    "path_fixes",
    "a group of facts of one kind, and whom it would protect to make all of them untrue",
    (
        Column(
            "fix_id", "text", "K and a digest of moment, group and subject: stable between runs."
        ),
        Column(
            "moment",
            "text",
            "now: what must be taken to hold; then: what the evidence of one date shows.",
        ),
        Column("as_of", "text", "Date of that evidence as it was given; empty for now."),
        Column("as_of_on", "day", "The same as a day; null for now, or when it is no day."),
        Column(
            "group",
            "text",
            "exposed_device, known_holes, brute_force, stored_credentials, reused_credentials, "
            "test_environment, trusts, admin_rights, store_rights, or closure.",
        ),
        Column(
            "subject",
            "text",
            "The one place, or the closure, that the row is about; empty for all of the group.",
        ),
        Column("places", "texts", "Places that the facts are about, sorted; at most a hundred."),
        Column(
            "fact_ids", "texts", "Its facts, those that some way may need first; at most a hundred."
        ),
        Column("n_facts", "int", "How many there are."),
        Column(
            "looked",
            "bool",
            "Whether evidence up to that moment looks for such facts: without it, none found says nothing.",
        ),
        Column(
            "looked_on",
            "day",
            "Day of the latest such evidence; null when none, or no day is known.",
        ),
        Column("n_on_ways", "int", "How many of them some way to a store may need."),
        Column("stores", "texts", "Stores to which a way goes that rests on one of them, sorted."),
        Column("persons", "int", "People whose data lie in those stores, each once."),
        Column("persons_before", "int", "People whom any way reaches at that moment."),
        Column("persons_after", "int", "People still reached when these facts are untrue."),
        Column("persons_removed", "int", "The difference: people no way reaches any more."),
        Column("stores_closed", "texts", "Stores that no way reaches any more, sorted."),
    ),
)

TABLES = (FACTS, ATTACK_PATHS, CLOSURES, PATH_FIXES)
