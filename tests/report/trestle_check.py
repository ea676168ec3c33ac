"""Read an OSCAL file with compliance-trestle and let its validators look at it; run apart, for its import warns.

python trestle_check.py assessment-results|poam FILE
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from trestle.core.validator_factory import validator_factory
from trestle.oscal.assessment_results import AssessmentResults
from trestle.oscal.poam import PlanOfActionAndMilestones

kind, file = sys.argv[1:]
model = {"assessment-results": AssessmentResults, "poam": PlanOfActionAndMilestones}[kind]
read = model.oscal_read(Path(file))
assert read is not None, "trestle reads nothing"
valid = validator_factory.get(argparse.Namespace(mode="all")).model_is_valid(read, False)
assert valid, "trestle says that it is not valid"
print("valid")
