"""Events in the columns other tools take: Timesketch CSV, and views in the names of ECS and OCSF.

Sources: Timesketch documentation, "Import CSV" (message, datetime, timestamp_desc; ISO 8601); Elastic Common Schema 8;
Open Cybersecurity Schema Framework 1.3, classes 1001, 1007, 3001, 3002, 4001, 4002, 6005. All read November 2026.
"""

from __future__ import annotations

# Times are written to the microsecond with their zone, whatever the resolution of the line; error_ms says the rest.
_ISO = "strftime(e.\"at\", '%Y-%m-%dT%H:%M:%S.%f') || '+00:00'"
_ID = "'V' || lpad(lower(hex(e.event_id)), 16, '0')"


def timesketch_sql(events: str, hops: str, log_files: str = "", *, chain_only: bool = True) -> str:
    """Return SQL of a Timesketch timeline: one row an event, earliest first.

    Args:
        events: Table of events.
        hops: Table of hops.
        log_files: Table of log files; "" leaves their paths out.
        chain_only: Only events of the chain; else every dated event that is no duplicate.
    """
    path = "g.path || CASE WHEN g.inner_path = '' THEN '' ELSE ' : ' || g.inner_path END"
    files = f"LEFT JOIN {log_files} AS g ON g.log_id = e.log_id" if log_files else ""
    join = "JOIN" if chain_only else "LEFT JOIN"
    return f"""
        WITH mine AS (
            SELECT event_id, min(step) AS step, min_by(technique, step) AS technique, min_by(phase, step) AS phase
            FROM (SELECT unnest(event_ids) AS event_id, step, technique, phase FROM {hops} WHERE status = 'chain')
            GROUP BY event_id)
        SELECT CASE WHEN coalesce(e.message, '') <> '' THEN e.message
                ELSE concat_ws(' ', e.kind, e.action, nullif(e.outcome, ''), e.account, e.command, e.object)
                END AS message,
            {_ISO} AS datetime, 'Event Logged' AS timestamp_desc, epoch_us(e."at") AS timestamp,
            e.host AS hostname, e.source AS data_type, e.kind, e.action, e.outcome, e.account AS username,
            e.target_account, e.session, e.src_ip, e.src_port, e.dst_ip, e.dst_port, e.proto, e.process, e.pid,
            e.command, e.object, e.rows, e.bytes_in, e.bytes_out, e.url, e.status, e.user_agent, e.code,
            e.error_ms, {_ID} AS event_id, {path if log_files else "NULL"} AS log_path, e.line,
            m.step, m.phase, m.technique, CASE WHEN m.step IS NULL THEN '' ELSE 'intruder' END AS tag
        FROM {events} AS e {join} mine AS m ON m.event_id = e.event_id {files}
        WHERE e."at" IS NOT NULL AND (m.event_id IS NOT NULL OR e.duplicate_of IS NULL)
        ORDER BY e."at", e.event_id
    """


def ecs_sql(events: str) -> str:
    """Return SQL of the events in names of the Elastic Common Schema, dotted as it writes them."""
    return f"""
        SELECT {_ISO} AS "@timestamp", {_ID} AS "event.id", 'event' AS "event.kind",
            CASE e.kind WHEN 'login' THEN 'authentication' WHEN 'logout' THEN 'authentication'
                WHEN 'connection' THEN 'network' WHEN 'query' THEN 'database' WHEN 'file' THEN 'file'
                WHEN 'process' THEN 'process' WHEN 'config' THEN 'configuration' WHEN 'account' THEN 'iam'
                WHEN 'privilege' THEN 'iam' WHEN 'web' THEN 'web' WHEN 'service' THEN 'package'
                ELSE 'host' END AS "event.category",
            concat_ws('-', e.kind, e.action) AS "event.action",
            CASE WHEN coalesce(e.outcome, '') = '' THEN 'unknown' ELSE e.outcome END AS "event.outcome",
            e.code AS "event.code", e.source AS "event.dataset", e.host AS "host.name", e.account AS "user.name",
            e.target_account AS "user.target.name", e.src_ip AS "source.ip", e.src_port AS "source.port",
            e.dst_ip AS "destination.ip", e.dst_port AS "destination.port", e.bytes_in AS "source.bytes",
            e.bytes_out AS "destination.bytes", e.proto AS "network.transport", e.process AS "process.name",
            e.pid AS "process.pid", e.parent AS "process.parent.name", e.command AS "process.command_line",
            CASE WHEN e.object_kind IN ('file', 'archive', 'share') THEN e.object END AS "file.path",
            e.url AS "url.original", e.status AS "http.response.status_code", e.user_agent AS "user_agent.original",
            e.message
        FROM {events} AS e WHERE e.duplicate_of IS NULL ORDER BY e."at", e.event_id
    """


def ocsf_sql(events: str) -> str:
    """Return SQL of the events in names of the Open Cybersecurity Schema Framework, attributes dotted."""
    return f"""
        WITH classed AS (
            SELECT e.*, CASE e.kind WHEN 'login' THEN 3002 WHEN 'logout' THEN 3002 WHEN 'connection' THEN 4001
                    WHEN 'query' THEN 6005 WHEN 'file' THEN 1001 WHEN 'process' THEN 1007 WHEN 'account' THEN 3001
                    WHEN 'web' THEN 4002 ELSE 0 END AS class_uid,
                CASE concat_ws(' ', e.kind, e.action)
                    WHEN 'login login' THEN 1 WHEN 'logout logout' THEN 2
                    WHEN 'connection open' THEN 1 WHEN 'connection close' THEN 2 WHEN 'connection deny' THEN 5
                    WHEN 'connection flow' THEN 6 WHEN 'connection allow' THEN 6
                    WHEN 'query select' THEN 1 WHEN 'query dump' THEN 1 WHEN 'query update' THEN 2
                    WHEN 'query connect' THEN 3 WHEN 'query insert' THEN 5 WHEN 'query define' THEN 6
                    WHEN 'query delete' THEN 7
                    WHEN 'file create' THEN 1 WHEN 'file read' THEN 2 WHEN 'file write' THEN 3
                    WHEN 'file delete' THEN 4 WHEN 'file rename' THEN 5 WHEN 'file open' THEN 14
                    WHEN 'process start' THEN 1 WHEN 'process command' THEN 1 WHEN 'process end' THEN 2
                    WHEN 'account create' THEN 1 WHEN 'account enable' THEN 2 WHEN 'account password' THEN 3
                    WHEN 'account disable' THEN 5 WHEN 'account delete' THEN 6 ELSE 99 END AS activity_id
            FROM {events} AS e WHERE e.duplicate_of IS NULL)
        SELECT epoch_ms(e."at") AS time, e.class_uid, e.class_uid // 1000 AS category_uid, e.activity_id,
            e.class_uid * 100 + e.activity_id AS type_uid, 1 AS severity_id,
            CASE e.outcome WHEN 'success' THEN 1 WHEN 'failure' THEN 2 ELSE 0 END AS status_id,
            {_ID} AS "metadata.uid", e.source AS "metadata.log_name", e.code AS "metadata.event_code",
            '1.3.0' AS "metadata.version", e.host AS "device.hostname", e.account AS "actor.user.name",
            coalesce(nullif(e.target_account, ''), e.account) AS "user.name", e.session AS "actor.session.uid",
            e.src_ip AS "src_endpoint.ip", e.src_port AS "src_endpoint.port", e.dst_ip AS "dst_endpoint.ip",
            e.dst_port AS "dst_endpoint.port", e.proto AS "connection_info.protocol_name",
            e.bytes_in AS "traffic.bytes_in", e.bytes_out AS "traffic.bytes_out", e.process AS "process.name",
            e.pid AS "process.pid", CASE WHEN e.kind = 'query' THEN NULL ELSE e.command END AS "process.cmd_line",
            CASE WHEN e.kind = 'query' THEN e.command END AS "query_info.query_string",
            CASE WHEN e.kind = 'file' THEN e.object END AS "file.path",
            CASE WHEN e.kind = 'query' THEN e.object END AS "table.name", e.url AS "http_request.url.path",
            e.status AS "http_response.code", e.user_agent AS "http_request.user_agent", e.message
        FROM classed AS e ORDER BY e."at", e.event_id
    """
