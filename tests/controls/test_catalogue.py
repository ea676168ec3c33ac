"""Our own tables: every row whole, sourced and known to the tables of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.controls import catalogue
from amends.controls.catalogue import Rule
from amends.controls.measures.order import look
from tests.controls.world import ground

RULES = catalogue.rules()
DECISIVE = {"SA-3(2)", "PM-25", "SI-12(2)", "SI-19(4)", "SI-20", "AU-6", "IR-6"}


def test_the_table_has_forty_to_sixty_rows_and_no_id_twice() -> None:
    assert 40 <= len(RULES) <= 60
    assert len({r.id for r in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_every_row_names_things_that_exist(rule: Rule) -> None:
    assert rule.control in catalogue.control_titles()
    assert rule.csf in catalogue.csf_outcomes()
    assert rule.csf.count("-") == 1, "an outcome, not a function or category"
    assert rule.cause in catalogue.CAUSES
    assert rule.gao in catalogue.GAO_CAUSES
    assert rule.measure in catalogue.measure_kinds()
    assert rule.item in catalogue.items()


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_every_row_has_owner_effort_remedy_reason_and_source(rule: Rule) -> None:
    assert rule.owner
    assert rule.effort_days > 0 <= rule.effort_each
    assert len(rule.effort_why) > 5
    assert rule.remedy.endswith(".")
    assert rule.why.endswith(".")
    assert any(w in rule.source for w in ("NIST", "CFR", "FCC", "GAO", "PCI", "CISA"))


def test_the_decisive_controls_without_a_technique_are_there() -> None:
    assert {r.control for r in RULES} >= DECISIVE
    assert catalogue.techniques_of("PM-25", frozenset({"T1078", "T1110", "T1190"})) == ()


def test_every_cause_and_every_gao_heading_has_rows() -> None:
    assert {r.cause for r in RULES} == set(catalogue.CAUSES)
    assert {r.gao for r in RULES} == set(catalogue.GAO_CAUSES)


def test_every_finding_is_measured_by_somebody_and_none_for_nothing(tmp_path: Path) -> None:
    found = look(ground(tmp_path / "case", {}))
    assert {r.finding for r in RULES} - {"unmeasured"} == set(found)


def test_every_measure_has_a_target_that_it_can_reach_and_a_ramp_that_gets_there() -> None:
    for kind in catalogue.measure_kinds().values():
        assert kind.better in ("lower", "higher")
        assert kind.is_reached(kind.target)
        assert list(kind.ramp) == sorted(kind.ramp)
        assert kind.ramp[-1] == 1.0
        assert kind.why.endswith(".")


def test_work_rests_only_on_work_of_the_same_horizon_or_sooner() -> None:
    items = catalogue.items()
    for item in items.values():
        for before in item.after:
            assert catalogue.HORIZONS.index(items[before].horizon) <= catalogue.HORIZONS.index(
                item.horizon
            )


def test_costs_are_ranges_with_a_source() -> None:
    for cost in catalogue.costs():
        assert 0 <= cost.cost_low <= cost.cost_likely <= cost.cost_high
        assert cost.cost_low < cost.cost_high
        assert 0 <= cost.share_low <= cost.share_high
        assert len(cost.source) > 40


def test_an_enhancement_bears_on_what_its_base_bears_on() -> None:
    seen = frozenset({"T1110", "T9999"})
    assert catalogue.techniques_of("AC-7", seen) == ("T1110",)
    assert catalogue.techniques_of("IA-2(1)", seen) == ("T1110",)
    assert catalogue.techniques_of("XX-1", seen) == ()
