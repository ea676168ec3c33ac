"""Where values in clear may still be after a change in MySQL or MariaDB: logs of changes, replicas, dead pages."""

from __future__ import annotations

from amends.kernel.errors import AmendsError
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_session import Session
from amends.vault.stores.mysql_shape import exists


def leftovers(session: Session, page: Page) -> list[str]:
    """Return, in words, where copies in clear may still be, and what to do."""
    words = []
    names = page.names
    if exists(session, names.clear):
        words.append(f"the table in clear is kept as {names.clear} until: amends vault drop")
    words += _logs(session)
    if session.one("SELECT @@innodb_file_per_table") in ("0", "OFF"):
        words.append(
            "tables lie in the shared file ibdata1: dropped pages stay there until they are written over; "
            "dump the server and load it anew to be rid of them"
        )
    words.append(
        "the undo log, the redo log and the doublewrite buffer hold old rows until they are written over; "
        "the blocks of a dropped file stay on the disk until used again (wipe or encrypt the volume)"
    )
    words.append(
        "backups and dumps made before the swap: let them expire or protect them, and see who holds them"
    )
    return words


def _logs(session: Session) -> list[str]:
    words = []
    if _on(session, "log_bin"):
        days = _setting(session, "expire_logs_days") or "0"
        seconds = _setting(session, "binlog_expire_logs_seconds") or "0"
        kept = (
            f"{int(float(days))} days"
            if float(days)
            else (f"{int(seconds) // 3600} hours" if seconds != "0" else "ever")
        )
        words.append(
            f"the binary log holds every row written in clear, the copying included, for {kept}: once replicas "
            "have it, PURGE BINARY LOGS"
        )
    if _on(session, "general_log"):
        words.append(
            f"the general log holds statements with values: {_setting(session, 'general_log_file')}"
        )
    if _on(session, "slow_query_log"):
        words.append(
            f"the slow query log holds statements with values: {_setting(session, 'slow_query_log_file')}"
        )
    try:
        replicas = len(session.rows("SHOW SLAVE HOSTS" if session.is_mariadb else "SHOW REPLICAS"))
    except AmendsError:
        words.append("replicas: this account may not list them; each has its own logs and files")
    else:
        if replicas:
            words.append(
                f"{replicas} replicas have their own relay logs, binary logs and dropped files"
            )
    return words


def _setting(session: Session, name: str) -> str:
    found = session.texts("SHOW GLOBAL VARIABLES WHERE Variable_name = %s", name)
    return found[0][1] if found else ""


def _on(session: Session, name: str) -> bool:
    return _setting(session, name) in ("ON", "1")
