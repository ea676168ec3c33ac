"""What a run tells people: the funnel, the clocks, exports, the report page, the difference of two runs.

Reads every table and the registers; writes only under ``out/``. Every deliverable names the run it
came from.
"""
