"""Worked cases of our own: earlier law, holds, roles, sector rules, safe harbour; sources are those of the files."""

from __future__ import annotations

import pytest

from amends.duties import answer_json


def ask(residence, *, elements=("NAME", "SSN"), count=10, roles=("BUSINESS",), events=None, entity=None, breach=None,
        **group):  # fmt: skip
    facts = {
        "entity": {"roles": list(roles), "source_of_breach": True, **(entity or {})},
        "events": events or {"discovery": "2026-03-02", "determination": "2026-03-02"},
        "breach": {"access": True, "acquisition": True, "harm_likely": True, "id_theft_sufficient": False,
                   **(breach or {})},
        "groups": [{"group": "a", "residence": residence, "count": count, "elements": list(elements), "secured": [],
                    "key_taken": False, **group}],
    }  # fmt: skip
    return answer_json(facts)


def regulators(answer, jurisdiction):
    return {
        (r["to"], r["stage"]): r for r in answer["regulators"] if r["jurisdiction"] == jurisdiction
    }


# --- the law of the day (history in the files) --------------------------------------------------


@pytest.mark.parametrize(
    ("residence", "discovery", "by"),
    [
        ("US-CA", "2025-12-31", None),
        ("US-CA", "2026-01-01", "2026-01-31"),
        ("US-NY", "2024-12-20", None),
        ("US-NY", "2024-12-21", "2025-01-20"),
        ("US-CT", "2021-09-30", "2021-12-29"),  # 90 days
        ("US-CT", "2021-10-01", "2021-11-30"),  # 60 days
    ],
)
def test_the_deadline_is_that_of_the_law_of_the_day(residence, discovery, by):
    events = {"discovery": discovery, "determination": discovery}
    assert ask(residence, events=events)["groups"]["a"]["by"] == by


def test_the_day_of_the_incident_decides_and_a_change_before_discovery_is_said():
    answer = ask("US-CA", events={"incident": "2025-12-01", "discovery": "2026-02-01"})
    assert answer["groups"]["a"]["by"] is None
    assert answer["law_as_of"] == "2025-12-01"
    assert any("law changed between" in w for w in answer["warnings"])


@pytest.mark.parametrize(
    ("residence", "discovery", "count", "told"),
    [
        ("US-PA", "2024-09-25", 5000, set()),
        ("US-PA", "2024-09-26", 501, {"AG"}),
        ("US-OK", "2025-12-31", 5000, set()),
        ("US-OK", "2026-01-01", 500, {"AG"}),
        ("US-UT", "2023-05-02", 5000, set()),
        ("US-UT", "2023-05-03", 500, {"AG", "UTAH_CYBER_CENTER"}),
        ("US-NY", "2024-12-20", 1, {"AG", "DEPT_OF_STATE", "STATE_POLICE"}),
        ("US-NY", "2025-01-15", 1, {"AG", "DEPT_OF_STATE", "STATE_POLICE", "DFS"}),
        ("US-NY", "2025-02-14", 1, {"AG", "DEPT_OF_STATE", "STATE_POLICE"}),
    ],
)
def test_authorities_are_those_of_the_day(residence, discovery, count, told):
    answer = ask(
        residence, count=count, events={"discovery": discovery, "determination": discovery}
    )
    assert {to for to, _ in regulators(answer, residence)} == told


def test_texas_gave_the_attorney_general_60_days_until_september_2023():
    events = {"discovery": "2023-08-01", "determination": "2023-08-01"}
    assert (
        regulators(ask("US-TX", count=250, events=events), "US-TX")["AG", None]["due"]
        == "2023-09-30"
    )


@pytest.mark.parametrize(
    ("residence", "discovery", "elements", "notify"),
    [
        ("US-OK", "2025-12-31", ["NAME", "BIOMETRIC"], False),
        ("US-OK", "2026-01-01", ["NAME", "BIOMETRIC"], True),
        ("US-FL", "2024-06-30", ["NAME", "GEOLOCATION"], False),
        ("US-FL", "2024-07-01", ["NAME", "GEOLOCATION"], True),
        ("US-NY", "2025-03-20", ["NAME", "MEDICAL"], False),
        ("US-NY", "2025-03-21", ["NAME", "MEDICAL"], True),
        ("US-NY", "2025-03-20", ["EMAIL", "LOGIN_SECRET"], True),
        ("US-PA", "2023-05-01", ["EMAIL", "LOGIN_SECRET"], False),
        ("US-PA", "2023-06-01", ["NAME", "MEDICAL"], True),
        ("US-PA", "2026-03-02", ["NAME", "MEDICAL"], False),
        ("US-CT", "2023-09-30", ["NAME", "GEOLOCATION"], False),
    ],
)
def test_the_definition_is_that_of_the_day(residence, discovery, elements, notify):
    events = {"discovery": discovery, "determination": discovery}
    assert ask(residence, elements=elements, events=events)["groups"]["a"]["notify"] is notify


def test_pennsylvania_owes_protection_only_since_its_act():
    before, since = ({"discovery": d, "determination": d} for d in ("2024-09-25", "2024-09-26"))
    assert ask("US-PA", events=before)["groups"]["a"]["id_protection_months"] is None
    assert ask("US-PA", events=since)["groups"]["a"]["id_protection_months"] == 12


# --- law-enforcement holds --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("residence", "hold", "by", "standard"),
    [
        ("US-CA", {"from": "2026-03-05"}, None, "law_enforcement_hold"),
        (
            "US-CA",
            {"from": "2026-03-05", "to": "2026-03-20"},
            "2026-04-01",
            "without_unreasonable_delay",
        ),
        ("US-CA", {"from": "2026-03-05", "to": "2026-05-20"}, None, "without_unreasonable_delay"),
        ("US-CO", {"from": "2026-03-05", "to": "2026-05-20"}, "2026-06-19", None),
        ("US-AZ", {"from": "2026-03-05", "to": "2026-03-20"}, "2026-05-04", None),
        (
            "US-MD",
            {"from": "2026-03-05", "to": "2026-03-10"},
            "2026-04-16",
            None,
        ),  # the original 45 days
        ("US-MD", {"from": "2026-03-05", "to": "2026-05-10"}, "2026-05-17", None),
        (
            "US-ME",
            {"from": "2026-03-05", "to": "2026-05-20"},
            "2026-06-01",
            None,
        ),  # 7 business days, Memorial Day
        ("US-SD", {"from": "2026-03-05", "to": "2026-06-01"}, "2026-07-01", None),
        ("US-TN", {"from": "2026-03-05", "to": "2026-06-01"}, "2026-07-16", None),
        (
            "US-CA",
            {"from": "2026-06-05", "to": "2026-06-20"},
            "2026-04-01",
            None,
        ),  # asked for too late
    ],
)
def test_a_hold_moves_the_deadline_as_the_law_says(residence, hold, by, standard):
    events = {
        "discovery": "2026-03-02",
        "determination": "2026-03-02",
        "law_enforcement_hold": hold,
    }
    group = ask(residence, events=events)["groups"]["a"]
    assert group["by"] == by
    assert standard is None or group["standard"] == standard


def test_a_hold_that_is_not_in_writing_does_not_count_where_writing_is_asked():
    hold = {"from": "2026-03-05", "to": "2026-05-20", "written": False}
    events = {
        "discovery": "2026-03-02",
        "determination": "2026-03-02",
        "law_enforcement_hold": hold,
    }
    assert ask("US-OR", events=events)["groups"]["a"]["by"] == "2026-04-16"


def test_hold_dates_may_be_two_events():
    events = {"discovery": "2026-03-02", "law_enforcement_hold_from": "2026-03-05",
              "law_enforcement_hold_to": "2026-05-20"}  # fmt: skip
    assert ask("US-CO", events=events)["groups"]["a"]["by"] == "2026-06-19"


# --- roles, exemptions, judgement -------------------------------------------------------------


@pytest.mark.parametrize(
    ("residence", "roles", "entity", "notify"),
    [
        ("US-GA", ["BUSINESS"], {}, "needs_judgement"),
        ("US-GA", ["INFORMATION_BROKER"], {}, True),
        ("US-AK", ["BUSINESS"], {}, True),
        ("US-AK", ["BUSINESS"], {"employees": 10}, False),
        ("US-AK", ["BUSINESS"], {"employees": 11}, True),
        ("US-AZ", ["BUSINESS", "HIPAA_COVERED_ENTITY"], {}, True),  # the HIPAA rule itself asks
        ("US-KY", ["BUSINESS"], {"regimes": ["GLBA"]}, "needs_judgement"),
        ("US-KY", ["BUSINESS"], {"relies_on": ["GLBA"]}, False),
        ("US-CA", ["BUSINESS"], {"relies_on": ["GLBA"]}, True),  # no such exemption there
        ("US-PA", ["STATE_AGENCY_OR_CONTRACTOR"], {}, True),
    ],
)
def test_the_entitys_role_decides_or_is_a_judgement(residence, roles, entity, notify):
    assert ask(residence, roles=roles, entity=entity)["groups"]["a"]["notify"] == notify


def test_an_exemption_relied_on_is_written_down():
    group = ask("US-KY", entity={"relies_on": ["GLBA"]})["groups"]["a"]
    assert any("GLBA" in d["what"] for d in group["documents"])


def test_deemed_compliance_is_shown_and_never_applied():
    answer = ask("US-NY", roles=["BUSINESS", "NYDFS_COVERED_ENTITY"])
    group = answer["groups"]["a"]
    assert group["notify"] is True
    assert [(d["regime"], d["applied"]) for d in group["deemed_compliance"]] == [("NYDFS", False)]
    assert ("DFS", None) in regulators(answer, "US-NY")
    assert regulators(answer, "US-NY-DFS")["NYDFS", None]["due"] == "2026-03-05"


def test_government_bodies_in_rhode_island_have_30_days():
    events = {"discovery": "2026-03-02", "confirmation": "2026-03-02"}
    assert ask("US-RI", events=events, roles=["STATE_AGENCY"])["groups"]["a"]["by"] == "2026-04-01"
    assert ask("US-RI", events=events)["groups"]["a"]["by"] == "2026-04-16"


def test_credit_bureaus_owe_42_months_in_massachusetts_and_another_line_in_oklahoma():
    roles = ["BUSINESS", "CONSUMER_REPORTING_AGENCY"]
    assert ask("US-MA", roles=roles)["groups"]["a"]["id_protection_months"] == 42
    assert not regulators(ask("US-OK", roles=roles, count=999), "US-OK")
    assert regulators(ask("US-OK", roles=roles, count=1000), "US-OK")


def test_whoever_was_not_the_source_owes_no_protection_in_california():
    assert (
        ask("US-CA", entity={"source_of_breach": False})["groups"]["a"]["id_protection_months"]
        is None
    )


@pytest.mark.parametrize(
    ("residence", "elements", "sufficient", "notify"),
    [
        ("US-OR", ["SSN"], True, True),
        ("US-OR", ["SSN"], None, "needs_judgement"),
        ("US-OR", ["SSN"], False, False),
        ("US-OR", ["DOB"], True, False),  # not in the list
        ("US-WA", ["DOB"], True, True),
        ("US-DC", ["FIN_ACCT"], True, False),  # half a term
        ("US-DC", ["FIN_ACCT", "FIN_ACCESS"], True, True),
        ("US-KY", ["SSN"], True, False),  # no such clause
    ],
)
def test_data_that_suffice_for_identity_theft_count_without_a_name(
    residence, elements, sufficient, notify
):
    breach = {"id_theft_sufficient": sufficient}
    assert ask(residence, elements=elements, breach=breach)["groups"]["a"]["notify"] == notify


@pytest.mark.parametrize(
    ("alone", "notify"), [(True, True), (False, False), (None, "needs_judgement")]
)
def test_a_card_number_alone_counts_where_it_opens_the_account(alone, notify):
    breach = {"number_usable_alone": alone}
    assert ask("US-NY", elements=["NAME", "CARD"], breach=breach)["groups"]["a"]["notify"] == notify
    assert ask("US-TX", elements=["NAME", "CARD"], breach=breach)["groups"]["a"]["notify"] is False


def test_new_yorks_harm_clause_is_only_for_inadvertent_disclosure():
    assert ask("US-NY", breach={"harm_likely": False})["groups"]["a"]["notify"] is True
    answer = ask("US-NY", breach={"harm_likely": False, "inadvertent_disclosure": True}, count=501)
    assert answer["groups"]["a"]["notify"] is False
    assert regulators(answer, "US-NY")["AG", "no_harm_finding"]["due"] == "2026-03-12"
    few = ask("US-NY", breach={"harm_likely": False, "inadvertent_disclosure": True}, count=500)
    assert few["regulators"] == []


@pytest.mark.parametrize(("media", "residence", "notify"), [
    ("paper", "US-NC", True), ("paper", "US-CA", "needs_judgement"), ("paper", "US-AK", True)])  # fmt: skip
def test_paper_counts_where_the_law_says_so(media, residence, notify):
    assert ask(residence, breach={"media": media})["groups"]["a"]["notify"] == notify


# --- safe harbour -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("residence", "secured", "notify"),
    [
        ("US-TX", ["NAME"], True),  # the element itself must be secured
        ("US-NY", ["NAME"], True),
        ("US-NV", ["NAME"], False),  # securing either is enough there
        ("US-UT", ["NAME"], True),  # the file's note: either in clear counts
        ("US-NV", ["SSN"], False),
        ("US-UT", ["SSN"], False),
    ],
)
def test_what_must_be_secured_differs(residence, secured, notify):
    assert ask(residence, secured=secured)["groups"]["a"]["notify"] is notify


def test_a_second_element_in_clear_keeps_the_duty_and_its_own_protection():
    group = ask("US-CT", elements=["NAME", "SSN", "CARD"], secured=["SSN"])["groups"]["a"]
    assert (group["notify"], group["id_protection_months"]) == (True, None)


def test_a_secured_passport_does_not_count_as_another_government_number():
    assert ask("US-IA", elements=["NAME", "PASSPORT"])["groups"]["a"]["notify"] is True
    assert (
        ask("US-IA", elements=["NAME", "PASSPORT"], secured=["PASSPORT"])["groups"]["a"]["notify"]
        is False
    )


# --- sector rules -----------------------------------------------------------------------------


def test_hipaa_tells_people_hhs_and_the_media_above_500():
    answer = ask(
        "US-MS", elements=["NAME", "MEDICAL"], count=501, roles=["BUSINESS", "HIPAA_COVERED_ENTITY"]
    )
    group = answer["groups"]["a"]
    assert (group["notify"], group["by"]) == (True, "2026-05-01")
    assert "PI_TYPES" in group["content"]
    assert regulators(answer, "US-FED-HIPAA")["HHS", None]["due"] == "2026-05-01"
    assert [m["to"] for m in answer["media"]] == ["MEDIA US-MS"]


def test_hipaa_below_500_is_a_yearly_report():
    answer = ask("US-MS", elements=["NAME", "MEDICAL"], count=499, roles=["HIPAA_COVERED_ENTITY"])
    assert regulators(answer, "US-FED-HIPAA")["HHS", "yearly"]["due"] == "2027-03-01"
    assert answer["media"] == []


def test_the_8k_clock_starts_with_materiality():
    events = {"discovery": "2026-08-17", "determination": "2026-08-17"}
    roles = ["SEC_REGISTRANT"]
    waiting = regulators(ask("US-CA", roles=roles, events=events), "US-FED-SEC-8K")["SEC", None]
    assert (waiting["due"], waiting["required"]) == (None, "needs_judgement")
    events["materiality_determination"] = "2026-09-03"
    filed = regulators(ask("US-CA", roles=roles, events=events), "US-FED-SEC-8K")["SEC", None]
    assert (filed["due"], filed["required"]) == ("2026-09-10", True)  # Labor Day between


@pytest.mark.parametrize(("count", "told"), [(499, False), (500, True)])
def test_the_safeguards_rule_stands_at_500(count, told):
    answer = ask("US-CA", count=count, roles=["NONBANK_FINANCIAL_INSTITUTION"])
    assert (("FTC", None) in regulators(answer, "US-FED-FTC-SAFEGUARDS")) is told


def test_banks_have_36_hours_with_a_judgement_on_disruption():
    events = {
        "discovery": "2026-08-17T09:00:00-04:00",
        "determination": "2026-08-17T20:00:00-04:00",
    }
    answer = ask("US-CA", roles=["BANKING_ORGANISATION"], events=events)
    bank = regulators(answer, "US-FED-BANK-36H")["PRIMARY_FEDERAL_REGULATOR", None]
    assert (bank["due"], bank["required"]) == ("2026-08-19T08:00:00-04:00", "needs_judgement")


@pytest.mark.parametrize("residence", ["EU-DE", "FR", "EU"])
def test_people_in_the_union_bring_the_72_hours(residence):
    events = {"discovery": "2026-08-17", "awareness": "2026-08-17T08:00:00+02:00"}
    answer = ask(residence, events=events)
    due = regulators(answer, "EU-GDPR")["LEAD_OR_COMPETENT_SUPERVISORY_AUTHORITY", None]["due"]
    assert due == "2026-08-20T08:00:00+02:00"
    assert answer["groups"]["a"]["notify"] is True


def test_rules_not_in_force_are_named_and_not_applied():
    answer = ask("US-CA", roles=["CRITICAL_INFRASTRUCTURE"])
    assert not regulators(answer, "US-FED-CIRCIA")
    assert any("US-FED-CIRCIA" in n for n in answer["explain"]["not_in_force"])
    early = ask("US-CA", roles=["SEC_REGISTRANT"], events={"discovery": "2023-12-17"})
    assert not regulators(early, "US-FED-SEC-8K")


def test_the_carrier_rule_shows_both_texts_and_the_bar_on_customer_notice():
    events = {
        "discovery": "2026-08-17",
        "determination": "2026-08-17",
        "agency_notice_sent": "2026-08-20",
    }
    answer = ask("US-CA", elements=["NAME", "CPNI"], roles=["TELECOM_CARRIER"], events=events)
    group = answer["groups"]["a"]
    assert group["notify"] is True
    assert group["jurisdictions"] == ["US-FED-FCC"]
    assert answer["fcc_customers"]["version_2007_earliest"] == "2026-09-01"
    assert answer["fcc_customers"]["version_2024_by"] == "2026-09-16"
    assert any("bars earlier customer notice" in w for w in answer["warnings"])


def test_a_processor_owes_the_owner_a_notice():
    answer = ask("US-FL", roles=["PROCESSOR"])
    assert [(o["jurisdiction"], o["due"]) for o in answer["owners"]] == [("US-FL", "2026-03-12")]


def test_a_clash_of_the_carrier_rule_with_a_state_is_said():
    events = {
        "discovery": "2026-08-01",
        "determination": "2026-08-17",
        "agency_notice_sent": "2026-08-26",
    }
    answer = ask("US-CA", roles=["TELECOM_CARRIER"], events=events)
    assert answer["groups"]["a"]["by"] == "2026-08-31"
    assert any(w.startswith("clash") and "US-CA" in w for w in answer["warnings"])


def test_people_of_unknown_residence_are_told_what_happened_although_one_state_forbids_it():
    answer = ask(None)
    group = answer["groups"]["a"]
    assert {"INCIDENT_GENERAL", "ID_PROTECTION_OFFER", "CRA_CONTACTS"} <= set(group["content"])
    assert group["content_forbidden"] == []
    assert "US-MA forbids NATURE_OF_BREACH" in answer["explain"]["groups"]["a"][0]["reasoning"]
