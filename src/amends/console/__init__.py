"""The console: the web face for the team that works on a case.

In comes a case folder; out come pages for those who signed in, each as HTML, JSON and CSV from the same facts. Numbers
are those of the report, names and contacts are masked, and what a person does is done in the ledger under their name.

Terms: a *view* is one page or act, declared with its area; a *role* is what a person may see and do, area by area; a
*visit* is one request of somebody signed in; the *desk* holds the case open for all of them.
"""
