"""One sentence a step: when, who, from where to where, as whom, how."""

from __future__ import annotations

from collections.abc import Callable

from amends.timeline.narrative import Clock, counted, span_words, technique_words
from amends.timeline.story_sizes import StepSize
from amends.timeline.taken_grounds import size_words
from amends.timeline.taken_sources import Step

Name = Callable[[str], str]
"""Says what a place is called."""

_HOW = {
    "ssh": "SSH", "telnet": "Telnet", "vpn": "the VPN", "rdp": "remote desktop", "smb": "file sharing (SMB)",
    "db": "a database login", "https": "HTTPS", "http": "HTTP", "scp": "SCP", "sftp": "SFTP", "ftp": "FTP",
    "winrm": "Windows remote management", "console": "the console", "web": "the web", "query": "queries",
    "dns": "DNS", "rule": "", "log": "", "event": "", "file": "opening files", "network": "the network",
    "guessing": "guessing passwords", "spraying": "trying a few passwords on many accounts", "archive": "",
}  # fmt: skip
_BY = {
    "vpn": "through the VPN",
    "console": "at the console",
    "web": "over the web",
    "network": "over the network",
}
# Words that say which log or rule told of a step say nothing of how the intruder went.


def step_sentence(step: Step, clock: Clock, size: StepSize | None, name: Name) -> str:
    """Return what a step was, as a proved fact; the caller softens it where it is not."""
    writer = _SENTENCES.get(step.phase, _other)
    at = clock.words(step.at) if step.phase == "initial_access" else clock.utc(step.at)
    when = f"On {at}"
    return writer(step, when, size, name) + _attack(step)


def how_words(how: str) -> str:
    """Return a way of going from place to place in words."""
    return _HOW.get(how.lower(), how.replace("_", " "))


def _attack(step: Step) -> str:
    technique = step.row["technique"] or ""
    if technique.startswith("T1021") and step.how:
        return "."  # remote services: how it was done is in the sentence already
    return f" ({technique_words(technique)})." if technique else "."


def _as(step: Step) -> str:
    return f" as {step.account}" if step.account else ""


def by_words(how: str) -> str:
    """Return how a step was taken as a sentence says it: `` by SSH``; "" where no log says."""
    words = _BY.get(how.lower()) or (f"by {how_words(how)}" if how_words(how) else "")
    return f" {words}" if words else ""


def _by(step: Step) -> str:
    return by_words(step.how)


def _events(step: Step) -> str:
    return "one event" if step.n_events == 1 else f"{step.n_events:,} events"


def _lasted(step: Step) -> str:
    seconds = (step.to_at - step.at).total_seconds()
    return f" over {span_words(seconds)}" if seconds >= 120 else ""


def _ends(step: Step) -> tuple[str, str]:
    """Return the ends as the chain names them: a store by its own name, not by its host's."""
    return str(step.row["source"] or step.source), str(step.row["destination"] or step.destination)


def _probed(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    source, to = _ends(step)
    return f"{when}, {name(source)} probed {name(to)}: {_events(step)}{_lasted(step)}"


def _entered(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    source, to = _ends(step)
    return f"{when}, the intruder got into {name(to)} from {name(source)}{_by(step)}{_as(step)}"


def _moved(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    source, to = _ends(step)
    return f"{when}, the intruder went from {name(source)} to {name(to)}{_by(step)}{_as(step)}"


def _credentials(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    source, to = _ends(step)
    where = name(to) + (f" from {name(source)}" if source and source != to else "")
    return (
        f"{when}, the intruder went for credentials on {where}{_by(step)}{_as(step)}{_lasted(step)}"
    )


def _stayed(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    source, to = _ends(step)
    origin = f" from {name(source)}" if source and source != to else ""
    return f"{when}, the intruder made sure of a way back into {name(to)}{origin}{_by(step)}{_as(step)}"


def _looked(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    to = _ends(step)[1]
    return (
        f"{when}, the intruder looked around {name(to)}{_as(step)}: {_events(step)}{_lasted(step)}"
    )


def _collected(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    to = _ends(step)[1]
    if (step.row["technique"] or "").startswith("T1074"):
        return f"{when}, the intruder gathered what was read on {name(to)}{_as(step)}{_by(step)}{_lasted(step)}"
    rows = f", {counted(size.rows, 'rows')} by the counts of the log" if size and size.rows else ""
    return f"{when}, the intruder read from {name(to)}{_as(step)}{_by(step)}{rows}{_lasted(step)}"


def _staged(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    amount = f" of {size_words(size.size)}" if size and size.size else ""
    where = name(_ends(step)[1])
    return f"{when}, the intruder packed what had been read into an archive{amount} on {where}{_as(step)}"


def _sent(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    source, to = _ends(step)
    amount = "data"
    if size and size.size:
        amount = size_words(size.size) if size.whole else f"at least {size_words(size.size)}"
    return f"{when}, {amount} left {name(source)} for {name(to)}{_by(step)}{_lasted(step)}"


def _hid(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    return f"{when}, the intruder covered tracks on {name(_ends(step)[1])}{_by(step)}{_as(step)}"


def _other(step: Step, when: str, size: StepSize | None, name: Name) -> str:
    source, to = _ends(step)
    return f"{when}, the intruder acted on {name(to)} from {name(source)}{_by(step)}{_as(step)}"


_SENTENCES = {
    "reconnaissance": _probed,
    "initial_access": _entered,
    "lateral_movement": _moved,
    "credential_access": _credentials,
    "persistence": _stayed,
    "discovery": _looked,
    "collection": _collected,
    "staging": _staged,
    "exfiltration": _sent,
    "defense_evasion": _hid,
}
