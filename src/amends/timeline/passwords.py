# ruff: noqa: E501  (expressions read best on one line)
"""Passwords, keys and tokens in the texts of events: nothing of them stays.

Rules stand in families. One expression finds the rows that any family may touch; in those, an expression of each family
finds its own; only these are rewritten. What follows a label or a flag goes up to the next space, or the closing quote.
Rather too much is hidden than too little: the line itself lies in the sealed exhibit.

Source: manuals of the programs named (options that take a password); Cisco IOS, ASA, Junos, FortiOS and PAN-OS command
references; PostgreSQL, MySQL, Oracle and SQL Server references (statements that set passwords); RFC 3986 (userinfo), 6750
(bearer), 7519 (JWT); FreeRADIUS ``log { auth_badpass }``; AWS, GitHub, Slack, Stripe and Google on the shape of their keys.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

HIDDEN = "****"
_V = r"(?:\\*\"[^\"]*\"?|\\*'[^']*'?|(?:[^\s\"'&\\]|\\.)+)"
"""A value: quoted, or up to a space, a quote or what parts the fields of an address."""
_W = r"(?:\\*\"[^\"]*\"?|\\*'[^']*'?|(?:[^\s\"'&\\/\-]|\\.)(?:[^\s\"'&\\]|\\.)*)"
"""A value behind a space: one that begins with a dash or a slash would be the next option."""
_WORD = r"[\w.\-]*(?:passw(?:or)?d|passwort|passphrase|passcode|secret(?:access)?[_\-]?key|secret|api[_\-]?key|apikey|access[_\-]?key|private[_\-]?key|account[_\-]?key|auth[_\-]?key|encryption[_\-]?key|access[_\-]?token|refresh[_\-]?token|id[_\-]?token|auth[_\-]?token|session[_\-]?token|security[_\-]?token|bearer[_\-]?token|csrf[_\-]?token|token|mysql_pwd|sshpass|pre[_\-]?shared[_\-]?key|psk(?:secret)?|wpa[_\-]passphrase|phpsessid|jsessionid|asp\.net_sessionid|x-amz-signature|client[_\-]?secret|otp(?:code)?|cvv2?|cvc2?)"
_END = r"(?:[0-9_.\-]*|new|old|hash|[0-9]|_?value|_?text|_?confirm(?:ation)?|_?again|\[\])"


@dataclass(frozen=True)
class Family:
    """Rules that one expression stands before.

    Attributes:
        name: What they are about.
        before: Fits every text that a rule changes.
        rules: Expression and what replaces it, one after the other.
    """

    name: str
    before: str
    rules: tuple[tuple[str, str], ...]


def _after(head: str, value: str = _V, end: str = "") -> tuple[str, str]:
    """Return a rule that keeps the head and hides the value behind it."""
    return rf"({head}){value}" + (f"({end})" if end else ""), r"\1" + HIDDEN + (
        r"\2" if end else ""
    )


_MYSQL = r"(?:mysql\w*|mariadb[\w\-]*|mydumper|myloader|mytop|innobackupex|xtrabackup|mariabackup|sshpass|7z[ar]?|7zz|rar|unrar)"
_TOOLS = r"(?:psexec\w*|paexec|wmiexec\w*|smbexec\w*|atexec\w*|crackmapexec|cme|nxc|netexec|hydra|medusa|ncrack|evil-winrm|kerbrute|xfreerdp3?|wlfreerdp|rdesktop|mongo(?:sh|dump|export|restore|import|stat)?|docker\s+login|podman\s+login|az\s+login|htpasswd|useradd|usermod|plink|pscp|psftp|ipmitool|influx|sqlcmd|bcp|osql|isql|zip|unzip|redis-cli|ldap\w+|openssl|lftp|snmp\w+|mount\.cifs|certipy\w*|bloodhound\w*|rpcclient|impacket-\w+|(?:secretsdump|\w*exec|get\w+|ntlmrelayx|smbclient|mssqlclient|lookupsid)\.py|cmdkey|schtasks|rclone|b2|mc)"

FAMILIES = (
    Family(
        "labels",
        rf"(?i)(?:^|\W){_WORD}{_END}\\*[\"']?\s*(?:=|:|\[|\(\s*[\"'])|(?:passw(?:or)?d|passphrase|secret|token|api key)s?\s*(?:is|was)?\s*[:=]|\bpass=|;pwd=|\bpwd\s*=|\bpin\\*[\"']?\s*[=:]|\bpw=|>[^<]*</|[?&](?:sig|sid|auth|key)=",
        (
            (r"(?i)(<(?:[\w.\-]+:)?" + _WORD + _END + r"(?:\s[^>]*)?>)[^<]+", r"\1" + HIDDEN),
            (r"(?i)(name=[\"'][\w.\-]*" + _WORD + _END + r"[\"']\s*>)[^<]+", r"\1" + HIDDEN),
            _after(r"(?i)(?:^|\W)" + _WORD + _END + r"\\*[\"']?\s*(?::=|=>|==?)\s*N?"),
            _after(r"(?i)(?:^|[^\w(])" + _WORD + _END + r"\\*[\"']\s*:\s*"),
            _after(r"(?i)(?:^|[^\w(/])(?:[\w.\-]*(?:password|passphrase|secret|token)|api key|passcode)(?:\s(?:is|was))?:\s*"),
            _after(r"(?i)(?:\bpass|\bpw|;pwd|\bpin|[?&](?:sig|sid|auth|key))\\*[\"']?\s*="),
            (r"(?i)(passw(?:or)?d\w*\[)[^\]]*", r"\1" + HIDDEN),
            _after(r"(?i)\bpin\\*[\"']?\s*:\s*"),
            (r"(?i)(\bpwd\s*=\s*)(?:\\*\"[^\"]*\"?|\\*'[^']*'?|[^\s\"'&/~;][^\s\"'&;]*)", r"\1" + HIDDEN),
        ),
    ),
    Family(
        "flags",
        r"(?i)\s[\-/]{1,2}[\w\-]*(?:pass|pwd|pw|secret|token|key|rp|hashes)\w*[\s=:]|\s-(?:hp|p|u|w|a|h|x|c|k|b)\s*[^\s\-]|\bpass:|\bnet1?(?:\.exe)?\\*[\"']?\s+u|chpasswd|\|\s*(?:sudo|passwd)|-u\s*\S+%|securestring|\s/(?:p|u):|\s--(?:proxy-)?user\b|\b(?:sqlplus|rman|expdp|impdp|exp|imp|sqlldr)(?:64)?(?:\.exe)?\s+\S+|\.py\s|impacket-|\sa\d+=\\*\"-p",
        (
            _after(r"(?i)\s-{1,2}[a-z0-9\-]*(?:passw(?:or)?d|passphrase|passwort|pass|pwd|secret|secret-key|token|api-?key|private-key|account-key)="),
            _after(r"(?i)\s-{1,2}[a-z0-9\-]*(?:passw(?:or)?d|passphrase|pass|pwd|secret|secret-key|token|api-?key|account-key)\\*[\"']?\s+", _W),
            _after(r"(?i)\s/(?:[a-z]*pass(?:word)?|rp|pwd?|pw)[:=\s]\s*", _W),
            _after(r"(?i)\s-(?:pw|hashes)\s+"),
            _after(r"(?i)\bconvertto-securestring\s+(?:-string\s+)?", _W),
            _after(rf"(?i:\b{_MYSQL}(?:\.exe)?\b)[^|;]*?\s\\*[\"']?-h?p", r"(?:\\*\"[^\"]+\"?|\\*'[^']+'?|(?:[^\s\"'&\\]|\\.)+)"),
            _after(r"(?i:\bsshpass\b)[^|;]*?\s-p\s+"),
            _after(rf"(?i:(?:^|[\s/\\\"'=(]){_TOOLS}(?:\.exe)?\\*[\"']?\s)(?:[^|;]*?\s)?(?:-[pPwaHAXk]|/p:|--password|-Password)\s*", r"(?:\\*\"[^\"]+\"?|\\*'[^']+'?|(?:[^\s\"'&\\\-/]|\\.)(?:[^\s\"'&\\]|\\.)*)"),
            _after(r"(?i:\bsnmp(?:walk|get|set|bulk\w*|status|table|getnext|delta|df)\b)[^|;]*?\s-c\s*"),
            _after(r"(?i:\bhtpasswd\b)(?:\s+-[a-zA-Z]+)*\s+-[a-zA-Z]*b[a-zA-Z]*\s+(?:\S+\s+)?\S+\s+", _W),
            _after(r"(?i:\b(?:curl|wget|http|https|lftp|ftp)(?:\.exe)?\b)[^|;]*?\s(?:-u|-U|--user|--proxy-user|-a)[\s=]*\\*\"[^\s:,\"']+[:,]", r"[^\"]+"),
            _after(r"(?i:\b(?:curl|wget|http|https|lftp|ftp)(?:\.exe)?\b)[^|;]*?\s(?:-u|-U|--user|--proxy-user|-a)[\s=]*'[^\s:,\"']+[:,]", r"[^']+"),
            _after(r"(?i:\b(?:curl|wget|http|https|lftp|ftp)(?:\.exe)?\b)[^|;]*?\s(?:-u|-U|--user|--proxy-user|-a)[\s=]*[^\s:,\"']+[:,]", r"/?[^\s\"'/][^\s\"']*"),
            _after(r"\s(?:-U|--user)[\s=]*\\*[\"']?[^\s%\"']+%"),
            _after(r"(?i)\bnet1?(?:\.exe)?\\*[\"']?\s+use\b[^|]*?\s/u(?:ser)?:\\*[\"']?[^\s\"']+\\*[\"']?\s+", _W),
            _after(r"(?i)\bnet1?(?:\.exe)?\\*[\"']?\s+use\s+(?:(?:[a-z]:|\*)\s+)?\\*[\"']?\\\\\S+\s+", _W),
            _after(r"(?i)\bnet1?(?:\.exe)?\\*[\"']?\s+user\s+\\*[\"']?[^\s\"'/]+\\*[\"']?\s+", _W),
            _after(r"(?i)\bpass:"),
            (r"(?i)(\becho\s+(?:-\w+\s+)*[\"']?[^\s:\"'|]+:)[^|]*?([\"']?\s*\|\s*(?:sudo\s+)?(?:/\S*/)?chpasswd)", r"\1" + HIDDEN + r"\2"),
            (r"(?i)(\b(?:echo|printf)\s+(?:-\w+\s+)*)[^|]+?(\s*\|\s*(?:sudo\s+(?:-\S+\s+)*-\w*S|(?:sudo\s+)?(?:/\S*/)?passwd\s+--stdin|kinit\b|openssl\b))", r"\1" + HIDDEN + r"\2"),
            _after(r"(?i:\b(?:sqlplus|rman|expdp|impdp|exp|imp|sqlldr)(?:64)?(?:\.exe)?\b)[^|;]*?\s[\"']?(?:(?:userid|target)=?\s*)?[A-Za-z][\w$#]*/", r"(?:\\*\"[^\"]*\"?|[^\s\"'@]+)"),
            (r"(?i)((?:\.py|impacket-\w+)\b[^|;]*?\s[\"']?(?:[\w.\-]+/)?[\w.\-$]+:)[^\s\"']+(@[\w.\-]+)", r"\1" + HIDDEN + r"\2"),
            (r"((?:^|\s)a0=\"[^\"]*(?:mysql|mariadb|sshpass|7z)[^\"]*\".*?\sa\d+=\"-p)[^\"]+", r"\1" + HIDDEN),
        ),
    ),
    Family(
        "configurations",
        r"(?i)\bsnmp-server\s|\b(?:username|user|enable|snmp|tacacs|radius|crypto|set|ppp|neighbor|passwd|server-private|standby|ntp|aaa|login)\b.*\b(?:password|passwd|secret|community|key|psk\w*|phash|md5|sha\d*|priv|auth)\b|\b(?:password|passwd|secret|key|key-string|md5|community|psk)\s+[0-9]\s+\S|\b(?:password|secret|passwd|key|passphrase)\s+ENC\b|(?:encrypted-password|plain-text-password\S*|authentication-key|simple-password|pre-shared-key|key-string|authentication-password|privacy-password|psksecret|phash|ascii-text|hexadecimal)\s|secret\s+\\*\"|(?:logged command|executed the|cmd)\W+(?:password|secret|enable|passwd)|\$(?:1|2[abxy]?|5|6|7|8|9|y|14|sha1|apr1|argon2\w*|pbkdf2\S*)\$",
        (
            _after(r"(?i)\busername\s+\S+\s(?:.*?\s)?(?:password|secret|masked-secret)\s+(?:\d+\s+)?"),
            _after(r"(?i)\benable\s+(?:algorithm-type\s+\S+\s+)?(?:secret|password)\s+(?:level\s+\d+\s+)?(?:\d+\s+)?"),
            _after(r"(?i)\bsnmp-server\s+community\s+(?:[078]\s+)?"),
            _after(r"(?i)\bsnmp-server\s+host\s+(?:\S+\s+)??\S+\s+(?:(?:traps|informs)\s+)?(?:version\s+(?:1|2c|3\s+\S+)\s+|community\s+(?:[078]\s+)?)"),
            _after(r"(?i)\bsnmp-server\s+user\b.*?\sauth\s+\S+\s+"),
            _after(r"(?i)\bsnmp-server\s+user\b.*?\spriv\s+(?:aes|des|3des)\s+(?:(?:128|192|256)\s+)?"),
            _after(r"(?i)\b(?:tacacs-server|radius-server|tacacs|radius)\b.*?\bkey\s+(?:[0-9]\s+)?"),
            _after(r"(?i)\bcrypto\s+isakmp\s+key\s+(?:\d\s+)?"),
            _after(r"(?i)\b(?:encrypted-password|plain-text-password-value|plain-text-password|authentication-key|simple-password|authentication-password|privacy-password|key-string|phash|psksecret|hmac-key|ascii-text|hexadecimal)\s+(?:(?:ENC|[0-9]|ascii-text|hexadecimal|value)\s+)*"),
            _after(r"(?i)\bpre-shared-key\s+(?:(?:ENC|[0-9]|local|remote|address\s+\S+|ascii-text|hexadecimal|key)\s+)*"),
            _after(r"(?i)\bset\s+(?:\S+\s+){0,12}?\S*(?:passw(?:or)?d|passphrase|secret|psk\w*|community|auth-?pwd|priv-?pwd)\S*\s+(?:ENC\s+)?"),
            _after(r"(?i)\b(?:password|passwd|passphrase|secret|key|psksecret)\s+ENC\s+"),
            _after(r"(?i)\b(?:password|passwd|secret|key-string|md5|community|psk)\s+[0-9]\s+"),
            _after(r"(?i)\bkey\s+[0-9]\s+", r"[^\s\"']{6,}"),
            _after(r"(?i)\bsecret\s+", r"\\*\"[^\"]*\"?"),
            _after(r"(?i)\b(?:ppp\s+(?:chap|pap\s+sent-username\s+\S+)|ip\s+(?:ftp|http\s+client)|neighbor\s+\S+|area\s+\S+\s+virtual-link\s+\S+)\s+password\s+(?:\d\s+)?"),
            _after(r"(?i)\b(?:ip\s+ospf|ntp|standby\s+\d+|vrrp\s+\d+)\s+(?:authentication|authentication-key|message-digest-key)\s+(?:\d+\s+)?(?:md5\s+)?(?:key-string\s+)?(?:\d\s+)?"),
            _after(r"(?i)^\s*passwd\s+", r"\S+", r"\s+encrypted"),
            _after(r"(?i)\b(?:logged command|executed the|cmd|cmd line|command)\b\W+(?:no\s+|do\s+)?(?:enable\s+)?(?:password|secret|passwd)\s+(?:\d\s+)?"),
            (r"\$(?:1|2[abxy]?|5|6|7|8|9|y|14|sha1|apr1|argon2\w*|pbkdf2[\w\-]*)\$[^\s\"',;:)]+", HIDDEN),
        ),
    ),
    Family(
        "statements",
        r"(?i)identified\s+(?:with|by)|\bpassword\s*\(?\s*n?\\*[\"']|set\s+password|\b(?:crypt|md5|sha\d*|hmac|encrypt\w*|decrypt\w*|aes_\w+|pgp_sym_\w+|hashbytes|old_password)\s*\(|insert\s+into\b.*(?:passw|pwd|secret|token)|decryption\s+by|encryption\s+by",
        (
            _after(r"(?i)\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:(?:password|values|random)\s+)?"),
            _after(r"(?i)\bpassword\s*\(?\s*N?", r"(?:\\*\"[^\"]*\"?|\\*'(?:[^']|'')*'?)"),
            (r"(?i)(\bset\s+password\b[^=]*=\s*(?:\w+\s*\(\s*)?)(?:\"[^\"]*\"?|'[^']*'?)", r"\1'" + HIDDEN + "'"),
            (r"(?i)(\b(?:crypt|md5|sha\d*|sha|hmac|digest|aes_\w+|encrypt\w*|decrypt\w*|pgp_sym_\w+|hashbytes|old_password)\s*\()[^()]*(?:\([^()]*\)[^()]*)*", r"\1" + HIDDEN),
        ),
    ),
    Family(
        "addresses",
        r"(?i)://[^\s/@\"']*:[^\s\"']*@|(?:authorization|cookie)\\*[\"']?\s*[:=]|\bbearer\s+\S{8}|\bbasic\s+[A-Za-z0-9+/]{6,}=|\beyJ[\w\-]{6}|\bA(?:KIA|SIA)[A-Z0-9]{12}|\bgh[opsru]_|github_pat_|glpat-|xox[abeprs]-|[rs]k_(?:live|test)_|AIza[\w\-]{30}|\bya29\.|PRIVATE KEY|\bSG\.[\w\-]{16}|\bnpm_\w{30}|\bhvs\.\w{20}",
        (
            (r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)", "-----BEGIN PRIVATE KEY-----" + HIDDEN),
            (r"(://[^\s/:@\"']*):[^\s\"'/]*@", r"\1:" + HIDDEN + "@"),
            (r"(://[^\s/:@\"']*):\d*[^\d\s\"'/@][^\s\"'@]*@", r"\1:" + HIDDEN + "@"),
            (r"(?i)((?:proxy-)?authorization\\*[\"']?\s*[:=]\s*\\*[\"']?)[^\"'\r\n]*", r"\1" + HIDDEN),
            (r"(?i)((?:set-)?cookie\\*[\"']?\s*[:=]\s*\\*[\"']?)[^\"'\r\n]*", r"\1" + HIDDEN),
            (r"(?i)(\bbearer\s+)[^\s\"']{8,}", r"\1" + HIDDEN),
            (r"(?i)(\bbasic\s+)[A-Za-z0-9+/]{6,}=*", r"\1" + HIDDEN),
            (r"\beyJ[\w\-]{6,}\.[\w\-]+(?:\.[\w\-]*)*", HIDDEN),
            (r"\b(A(?:KIA|SIA))[A-Z0-9]{8,}?([A-Z0-9]{4})\b", r"\1" + HIDDEN + r"\2"),
            (r"(?:\bgh[opsru]_|github_pat_|glpat-|xox[abeprs]-|[rs]k_(?:live|test)_|AIza|\bya29\.|\bSG\.|\bnpm_|\bhvs\.)[\w.\-]{10,}", HIDDEN),
        ),
    ),
    Family(
        "radius",
        r"(?:Login (?:incorrect|OK)|Invalid user)[^\[]*\[[^/\]]*/",
        ((r"((?:Login (?:incorrect|OK)|Invalid user)[^\[]*\[[^/\]]*/).*(\](?: \(from| \(|\s*$))", r"\1" + HIDDEN + r"\2"),),
    ),
)  # fmt: skip
ANY_PASSWORD = "|".join(f"(?:{family.before})" for family in FAMILIES)
"""Fits every text that a rule changes."""
BARE_COMMAND = r"(?i:^\s*(?:no\s+)?(?:password|passwd|secret)\s)"
"""A command that sets a password, as typed on a device; in a message the same words begin a sentence."""
_ROW_OF_SECRETS = (
    r"(?i)\binsert\s+into\b[^()]*\([^()]*(?:passw|pwd|secret|token|\bpin\b|cvv)[^()]*\)\s*values"
)
"""A statement that writes rows with a column of secrets: which of its texts is one, its order tells; all are hidden."""
_KEYS = rf"(?i)(?:^|[._\-/]|[a-z]){_WORD}{_END}$|(?i)^(?:authorization|cookie|set-cookie|pin|pwd|pass|community|credentials?)$"
_HARMLESS_KEYS = r"(?i)lastset|expire|changed|elevation|token_?type|tokenelevation|policy|age$|length$|usage|count|secret_?(?:arn|id|name)$|tokenid|key_?id$|keyname|keylength|passwordproperties"


def hide_passwords(texts: pa.Array, *, commands: bool = False) -> pa.Array:
    """Return a text column without passwords, keys and tokens.

    Args:
        texts: The column.
        commands: Whether the texts are statements or command lines, where a bare ``password x`` sets one.
    """
    return _hidden(texts, commands)


def _hidden(texts: pa.Array, commands: bool) -> pa.Array:
    for family in FAMILIES:
        texts = _by_rules(texts, family.before, family.rules)
    texts = _by_rules(texts, _ROW_OF_SECRETS, ((r"'(?:[^']|'')*'", f"'{HIDDEN}'"), (r"\"[^\"]*\"", f'"{HIDDEN}"')))  # fmt: skip
    if commands:
        bare = _after(r"(?i)^\s*(?:no\s+)?(?:password|passwd|secret)\s+(?:\d\s+)?")
        texts = _by_rules(texts, BARE_COMMAND, (bare,))
    return texts


def _by_rules(texts: pa.Array, before: str, rules: tuple[tuple[str, str], ...]) -> pa.Array:
    mine = pc.fill_null(pc.match_substring_regex(texts, before), False)
    if not pc.any(mine).as_py():
        return texts
    changed = texts.filter(mine)
    for pattern, replacement in rules:
        changed = pc.replace_substring_regex(changed, pattern, replacement)
    return pc.replace_with_mask(texts, mine, changed)


def secret_keys(keys: pa.Array) -> pa.Array:
    """Return those of the names of fields whose values are secret words."""
    named = pc.and_(
        pc.match_substring_regex(keys, _KEYS),
        pc.invert(pc.match_substring_regex(keys, _HARMLESS_KEYS)),
    )
    return keys.filter(named)
