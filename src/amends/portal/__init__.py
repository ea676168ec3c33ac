"""Portal: decide what the outside may know, publish it, answer "was I affected?", hand out what was promised.

In comes the determination that two people released. Out comes a folder that a site can serve where no case is: general
pages, a look-up without any personal data in it, and the public words of the incident.

Terms: an *edition* is what was released once; a *class* is everybody who reads the same answer; a *handle* stands for a
person in claims; an *account reference* is a keyed digest that only the company can make.
"""

from __future__ import annotations

from amends.portal.handles import account_ref
from amends.portal.keys import (
    CompanyKeys,
    SiteKeys,
    company_keys,
    contact_keys,
    read_site_keys,
)
from amends.portal.publish import PublishSummary, publish
from amends.portal.published import Published
from amends.portal.shapes import Answer, AnswerClass, Determination
from amends.portal.state import make_state_tables, open_state
from amends.portal.verify import Checked, verify
from amends.vault.codes import read_code

__all__ = [
    "Answer",
    "AnswerClass",
    "Checked",
    "CompanyKeys",
    "Determination",
    "PublishSummary",
    "Published",
    "SiteKeys",
    "account_ref",
    "company_keys",
    "contact_keys",
    "make_state_tables",
    "open_state",
    "publish",
    "read_code",
    "read_site_keys",
    "verify",
]
