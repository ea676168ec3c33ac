"""What the investigation found, held against safeguards: gaps, a plan, figures that are measured again on every run.

What comes in: the tables of the other rooms, and findings of scanners. What goes out: ``scanner_findings``,
``measures``, ``control_gaps``, ``roadmap``, ``risk``.

Terms: a *rule* is a row of our own table that leads from a kind of finding to a control, with its source; a *gap* is a
rule held against this case; its status is *met*, *not met*, *accepted*, or *not measured*, which is never a pass.
"""
