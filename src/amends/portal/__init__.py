"""Portal: decide what the outside may know, publish it, answer "was I affected?", hand out what was promised.

In comes the determination that two people released. Out comes a folder that a site can serve where no case is: general
pages, a look-up without any personal data in it, and the public words of the incident.

Terms: an *edition* is what was released once; a *class* is everybody who reads the same answer; a *handle* stands for a
person in claims; an *account reference* is a keyed digest that only the company can make.
"""

from __future__ import annotations
