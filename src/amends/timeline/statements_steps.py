"""One sentence a step: when, who, from where to where, as whom, how."""

from __future__ import annotations

from amends.timeline.narrative import Clock, span_words, technique_words
from amends.timeline.story_sizes import StepSize
from amends.timeline.taken_grounds import size_words
from amends.timeline.taken_sources import Places, Step

_HOW = {
    "ssh": "SSH", "telnet": "Telnet", "vpn": "the VPN", "rdp": "remote desktop", "smb": "file sharing (SMB)",
    "db": "a database login", "https": "HTTPS", "http": "HTTP", "scp": "SCP", "sftp": "SFTP", "ftp": "FTP",
    "winrm": "Windows remote management", "console": "the console", "web": "the web", "query": "queries",
    "dns": "DNS",
}  # fmt: skip


def step_sentence(step: Step, clock: Clock, size: StepSize | None, places: Places) -> str:
    """Return what a step was, as a proved fact; the caller softens it where it is not."""
    writer = _SENTENCES.get(step.phase, _other)
    when = f"On {clock.words(step.at)}"
    return writer(step, when, size, places) + _attack(step)


def how_words(how: str) -> str:
    """Return a way of going from place to place in words."""
    return _HOW.get(how.lower(), how)


def _attack(step: Step) -> str:
    technique = step.row["technique"] or ""
    return f" ({technique_words(technique)})." if technique else "."


def _as(step: Step) -> str:
    return f" as {step.account}" if step.account else ""


def _by(step: Step) -> str:
    return f" by {how_words(step.how)}" if step.how else ""


def _name(place: str, places: Places) -> str:
    if not place:
        return "a place no log names"
    return f"the outside address {place}" if places.is_outside(place) else place


def _events(step: Step) -> str:
    return "one event" if step.n_events == 1 else f"{step.n_events:,} events"


def _lasted(step: Step) -> str:
    seconds = (step.to_at - step.at).total_seconds()
    return f" over {span_words(seconds)}" if seconds >= 120 else ""


def _ends(step: Step) -> tuple[str, str]:
    """Return the ends as the chain names them: a store by its own name, not by its host's."""
    return str(step.row["source"] or step.source), str(step.row["destination"] or step.destination)


def _probed(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    source, to = _ends(step)
    return f"{when}, {_name(source, places)} probed {_name(to, places)}: {_events(step)}{_lasted(step)}"


def _entered(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    source, to = _ends(step)
    return f"{when}, the intruder got into {to} from {_name(source, places)}{_by(step)}{_as(step)}"


def _moved(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    source, to = _ends(step)
    return f"{when}, the intruder went from {_name(source, places)} to {_name(to, places)}{_by(step)}{_as(step)}"


def _credentials(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    source, to = _ends(step)
    if source and source != to:
        to += f" from {_name(source, places)}"
    return f"{when}, the intruder went for credentials on {to}{_by(step)}{_as(step)}{_lasted(step)}"


def _stayed(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    return (
        f"{when}, the intruder made sure of a way back into {_ends(step)[1]}{_by(step)}{_as(step)}"
    )


def _looked(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    to = _ends(step)[1]
    return f"{when}, the intruder looked around {_name(to, places)}{_as(step)}: {_events(step)}{_lasted(step)}"


def _collected(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    to = _ends(step)[1]
    rows = f", {size.rows:,} rows by the counts of the log" if size and size.rows else ""
    return f"{when}, the intruder read from {to}{_as(step)}{_by(step)}{rows}{_lasted(step)}"


def _staged(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    amount = f" of {size_words(size.size)}" if size and size.size else ""
    return f"{when}, the intruder packed what had been read into an archive{amount} on {_ends(step)[1]}{_as(step)}"


def _sent(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    source, to = _ends(step)
    amount = "data"
    if size and size.size:
        amount = size_words(size.size) if size.whole else f"at least {size_words(size.size)}"
    return f"{when}, {amount} left {_name(source, places)} for {_name(to, places)}{_by(step)}{_lasted(step)}"


def _hid(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    return f"{when}, the intruder covered tracks on {_ends(step)[1]}{_by(step)}{_as(step)}"


def _other(step: Step, when: str, size: StepSize | None, places: Places) -> str:
    source, to = _ends(step)
    return f"{when}, the intruder acted on {_name(to, places)} from {_name(source, places)}{_by(step)}{_as(step)}"


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
