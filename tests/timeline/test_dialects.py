# ruff: noqa: E501  (a line of a log is as long as it is)
"""Messages of syslog, as products write them: what each says, and near misses that say nothing."""

from __future__ import annotations

import pytest

from amends.tables.timeline import ACTIONS, KINDS, OUTCOMES
from amends.timeline.parsers.dialects.registry import DIALECTS
from tests.timeline.logs import one

UNIX = "Aug  4 02:11:09 jump1 "
FAIL = {"kind": "login", "action": "login", "outcome": "failure"}
LOGIN = {"kind": "login", "action": "login", "outcome": "success"}
OTHER = {"kind": "other", "action": "other"}

CASES = [
    # OpenSSH
    ("sshd[9]: Accepted password for ann from 10.0.0.9 port 51234 ssh2", {**LOGIN, "account": "ann", "src_ip": "10.0.0.9", "src_port": 51234, "logon_type": "ssh", "pid": 9, "process": "sshd"}),
    ("sshd[9]: Accepted publickey for ann from 10.0.0.9 port 51234 ssh2: ED25519 SHA256:AbC", {**LOGIN, "code": "publickey"}),
    ("sshd-session[9]: Accepted keyboard-interactive/pam for ann from 10.0.0.9 port 51234 ssh2", {**LOGIN, "code": "keyboard-interactive/pam"}),
    ("sshd[9]: Failed password for root from 203.0.113.4 port 5 ssh2", {**FAIL, "account": "root"}),
    ("sshd[9]: Failed password for invalid user a b from 203.0.113.4 port 5 ssh2", {**FAIL, "account": "a b", "src_ip": "203.0.113.4"}),
    ("sshd[9]: Failed password for invalid user from from 203.0.113.4 port 5 ssh2", {**FAIL, "account": "from"}),
    ("sshd[9]: Failed none for invalid user  from 203.0.113.4 port 5 ssh2", {**FAIL, "src_ip": "203.0.113.4"}),
    ("sshd[9]: Invalid user oracle from 203.0.113.4 port 5", {**FAIL, "account": "oracle", "code": "invalid_user"}),
    ("sshd[9]: Invalid user oracle from 203.0.113.4", {**FAIL, "account": "oracle"}),
    ("sshd[9]: Connection closed by authenticating user root 203.0.113.4 port 5 [preauth]", {"kind": "connection", "action": "close", "account": "root"}),
    ("sshd[9]: Connection closed by 203.0.113.4 port 5 [preauth]", {"kind": "connection", "action": "close", "src_ip": "203.0.113.4", "account": None}),
    ("sshd[9]: Connection reset by invalid user x 203.0.113.4 port 5 [preauth]", {"kind": "connection", "action": "close", "account": "x"}),
    ("sshd[9]: Received disconnect from 203.0.113.4 port 5:11: Bye Bye [preauth]", {"kind": "connection", "action": "close", "src_port": 5}),
    ("sshd[9]: Received disconnect from 203.0.113.4: 11: Bye Bye [preauth]", {"kind": "connection", "action": "close", "src_ip": "203.0.113.4"}),
    ("sshd[9]: Disconnected from user ann 10.0.0.9 port 5", {"kind": "logout", "account": "ann"}),
    ("sshd[9]: Disconnected from 10.0.0.9 port 5", {"kind": "connection", "action": "close"}),
    ("sshd[9]: error: maximum authentication attempts exceeded for root from 203.0.113.4 port 5 ssh2 [preauth]", {"kind": "login", "action": "lockout", "account": "root"}),
    ("sshd[9]: User bob from 203.0.113.4 not allowed because not listed in AllowUsers", {**FAIL, "account": "bob"}),
    ("sshd[9]: pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)", {**OTHER, "account": "ann"}),
    ("sshd[9]: pam_unix(sshd:session): session closed for user ann", {"kind": "logout", "account": "ann"}),
    ("sshd[9]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.4  user=root", {"account": "root", "src_ip": "203.0.113.4"}),
    ("sshd(pam_unix)[9]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4 ", {**FAIL, "src_ip": "218.188.2.4", "process": "sshd", "pid": 9}),
    ("sshd[9]: Server listening on 0.0.0.0 port 22.", {"kind": "service", "action": "start"}),
    ('sftp-server[9]: open "/srv/a b.csv" flags READ mode 0666', {"kind": "file", "action": "open", "object": "/srv/a b.csv"}),
    ('sftp-server[9]: close "/srv/a.csv" bytes read 123456 written 0', {"kind": "file", "action": "download", "bytes_out": 123456}),
    ('internal-sftp[9]: close "/srv/a.csv" bytes read 0 written 99', {"kind": "file", "action": "upload", "bytes_in": 99}),
    ("sshd[9]: Failed to allocate something", OTHER),
    ("sshd[9]: Accepted", OTHER),
    # accounts
    ("sudo:      ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/cat /etc/shadow", {"kind": "privilege", "action": "elevate", "outcome": "success", "account": "ann", "target_account": "root", "command": "/usr/bin/cat /etc/shadow"}),
    ("sudo[7]:   ann : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", {"kind": "privilege", "outcome": "failure", "account": "ann"}),
    ("sudo:      bob : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh", {"kind": "privilege", "outcome": "failure", "account": "bob", "command": "/bin/sh"}),
    ("sudo: pam_unix(sudo:session): session opened for user root(uid=0) by ann(uid=1000)", OTHER),
    ("su[7]: (to root) ann on pts/0", {"kind": "privilege", "outcome": "success", "account": "ann", "target_account": "root"}),
    ("su[7]: FAILED SU (to root) bob on pts/0", {"kind": "privilege", "outcome": "failure", "account": "bob"}),
    ("su(pam_unix)[7]: session opened for user news by (uid=0)", {"kind": "privilege", "action": "elevate", "target_account": "news"}),
    ("login[7]: LOGIN ON tty1 BY ann", {**LOGIN, "account": "ann", "logon_type": "console"}),
    ("login[7]: FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure", {**FAIL, "account": "root"}),
    ("useradd[7]: new user: name=svc9, UID=1005, GID=1005, home=/home/svc9, shell=/bin/bash, from=none", {"kind": "account", "action": "create", "target_account": "svc9"}),
    ("usermod[7]: add 'svc9' to group 'sudo'", {"kind": "account", "action": "group", "target_account": "svc9", "object": "sudo"}),
    ("groupadd[7]: new group: name=svc9, GID=1005", {"kind": "account", "action": "create", "object": "svc9"}),
    ("userdel[7]: delete user 'svc9'", {"kind": "account", "action": "delete", "target_account": "svc9"}),
    ("passwd[7]: pam_unix(passwd:chauthtok): password changed for svc9", {"kind": "account", "action": "password", "target_account": "svc9"}),
    ("CRON[7]: (root) CMD (/usr/local/bin/backup.sh --all)", {"kind": "service", "action": "job", "account": "root", "command": "/usr/local/bin/backup.sh --all"}),
    ("crontab[7]: (ann) REPLACE (ann)", {"kind": "service", "action": "modify", "account": "ann"}),
    ("systemd-logind[7]: New session 12 of user ann.", {**OTHER, "session": "12", "account": "ann"}),
    # logs and services
    ('rsyslogd: [origin software="rsyslogd" swVersion="8.2001.0" x-pid="1" x-info="https://www.rsyslog.com"] exiting on signal 15.', {"kind": "log", "action": "stop"}),
    ('rsyslogd: [origin software="rsyslogd" swVersion="8.2001.0" x-pid="1" x-info="https://www.rsyslog.com"] start', {"kind": "log", "action": "start"}),
    ("syslogd 1.4.1: restart.", {"kind": "log", "action": "start"}),
    ("exiting on signal 15", OTHER),
    ("systemd[1]: Started OpenBSD Secure Shell server.", {"kind": "service", "action": "start", "object": "OpenBSD Secure Shell server"}),
    ("systemd[1]: Stopped nginx.service - A high performance web server.", {"kind": "service", "action": "stop", "object": "nginx.service"}),
    ("systemd-journald[5]: Suppressed 123 messages from /system.slice/x.service", {"kind": "log", "action": "hole"}),
    # packets
    ("kernel: [12345.678901] [UFW BLOCK] IN=eth0 OUT= MAC=00:11:22 SRC=203.0.113.4 DST=10.0.0.1 LEN=40 TOS=0x00 PREC=0x00 TTL=244 ID=5 DF PROTO=TCP SPT=4444 DPT=23 WINDOW=1024 RES=0x00 SYN URGP=0 ", {"kind": "connection", "action": "deny", "outcome": "failure", "src_ip": "203.0.113.4", "dst_port": 23, "src_port": 4444, "proto": "tcp", "object": "UFW BLOCK"}),
    ("kernel: IPT-ACCEPT: IN= OUT=eth0 SRC=10.0.0.1 DST=203.0.113.4 LEN=84 TOS=0x00 PREC=0x00 TTL=64 ID=0 PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=1", {"action": "allow", "proto": "icmp", "dst_port": None}),
    ("kernel: nft drop IN=eth0 OUT= MAC=00:11 SRC=2001:0db8::0001 DST=2001:db8::2 LEN=80 TC=0 HOPLIMIT=51 FLOWLBL=0 PROTO=UDP SPT=5 DPT=53 LEN=40", {"action": "deny", "src_ip": "2001:db8::1", "proto": "udp", "dst_port": 53}),
    ("kernel: SRC= DST=", OTHER),
    # VPN, RADIUS
    ("openvpn[9]: 203.0.113.4:51234 [ann] Peer Connection Initiated with [AF_INET]203.0.113.4:51234", {**LOGIN, "logon_type": "vpn", "account": "ann", "src_ip": "203.0.113.4"}),
    ("openvpn[9]: 203.0.113.4:51234 TLS Auth Error: Auth Username/Password verification failed for peer", {**FAIL, "src_ip": "203.0.113.4"}),
    ("ovpn-server[9]: ann/203.0.113.4:51234 MULTI_sva: pool returned IPv4=10.9.0.6, IPv6=(Not enabled)", {"action": "assign", "account": "ann", "dst_ip": "10.9.0.6"}),
    ("ovpn-server[9]: ann/203.0.113.4:51234 SIGTERM[soft,remote-exit] received, client-instance exiting", {"kind": "logout", "account": "ann"}),
    ("charon: 12[IKE] IKE_SA vpn[3] established between 198.51.100.5[gw]...203.0.113.4[ann@corp.example]", {**LOGIN, "account": "ann", "src_ip": "203.0.113.4", "logon_type": "vpn"}),
    ("radiusd[9]: (12) Login incorrect (mschap: MS-CHAP2-Response is incorrect): [bob/<via Auth-Type = mschap>] (from client nas1 port 0 cli 203.0.113.4)", {**FAIL, "account": "bob", "src_ip": "203.0.113.4"}),
    ("tac_plus[9]: login query for 'admin' tty2 from 10.0.0.1 accepted", {**LOGIN, "account": "admin", "src_ip": "10.0.0.1"}),
    # shares
    ("smbd_audit: ann|10.0.0.9|ws1|customers|openat|ok|r|/srv/customers/a b.csv", {"kind": "file", "action": "read", "account": "ann", "src_ip": "10.0.0.9", "object": "/srv/customers/a b.csv", "logon_type": "smb"}),
    ("smbd[4]: 10.0.0.9|ann|pread|ok|customers/a.csv", {"action": "read", "account": "ann", "src_ip": "10.0.0.9"}),
    ("smbd_audit[4]: CORP\\ann|10.0.0.9|ws1|customers|unlinkat|fail (Permission denied)|a.csv", {"action": "delete", "outcome": "failure", "account": "ann"}),
    ("smbd_audit: ann|10.0.0.9|ws1|customers|renameat|ok|old.csv|new.csv", {"action": "rename", "object": "old.csv"}),
    ("smbd_audit: ann|10.0.0.9|ws1|customers|connect|ok|customers", {"kind": "login"}),
    ('vsftpd[8]: [ann] FAIL LOGIN: Client "::ffff:203.0.113.4"', {**FAIL, "src_ip": "203.0.113.4", "logon_type": "ftp"}),
    ('vsftpd[8]: [ann] OK DOWNLOAD: Client "203.0.113.4", "/srv/a.zip", 123456 bytes, 99.1Kbyte/sec', {"action": "download", "bytes_out": 123456, "object": "/srv/a.zip", "outcome": "success"}),
    ("proftpd[8]: ftp1 (203.0.113.4[203.0.113.4]) - USER ann: Login successful.", {**LOGIN, "account": "ann", "src_ip": "203.0.113.4"}),
    ("proftpd[8]: ftp1 (203.0.113.4[203.0.113.4]) - USER ann (Login failed): Incorrect password.", {**FAIL, "account": "ann"}),
    # addresses and names
    ("dhcpd: DHCPACK on 10.0.0.77 to 00:11:22:33:44:55 (ws1) via eth0", {"action": "assign", "src_ip": "10.0.0.77"}),
    ("named[8]: client @0x7f 10.0.0.9#5353 (a.example): query: a.example IN A +E(0)K (10.0.0.2)", {"kind": "connection", "src_ip": "10.0.0.9", "url": "a.example"}),
    # everything else
    ("strange[8]: whatever it says", {**OTHER, "process": "strange", "message": "whatever it says"}),
    ("message without a program", {**OTHER, "message": "message without a program"}),
]  # fmt: skip

DEVICES = [
    ("Aug  4 02:11:10 10.0.0.1 123: *Aug  4 02:11:09.123: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: admin] [Source: 203.0.113.4] [localport: 22] at 02:11:09 UTC Tue Aug 4 2026", {**LOGIN, "host": "10.0.0.1", "account": "admin", "src_ip": "203.0.113.4", "logon_type": "ssh", "dst_port": 22, "code": "SEC_LOGIN-5-LOGIN_SUCCESS"}),
    ("<188>61: rtr1: *Aug  4 02:11:09.123: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: admin] [Source: 203.0.113.4] [localport: 23] [Reason: Login Authentication Failed] at 02:11:09 UTC Tue Aug 4 2026", {**FAIL, "host": "rtr1", "logon_type": "telnet"}),
    ("*Aug  4 02:11:09.123: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (203.0.113.4)", {"kind": "config", "action": "change", "account": "admin", "src_ip": "203.0.113.4", "session": "vty0"}),
    ("Aug  4 02:11:09.123 EDT: %SYS-5-CONFIG_I: Configured from console by console", {"kind": "config", "zone_rule": "line"}),
    ("000123: Aug  4 2026 02:11:09.123 UTC: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:username backdoor privilege 15 secret *", {"kind": "account", "action": "create", "account": "admin", "target_account": "backdoor"}),
    ("Aug  4 02:11:09 rtr1 5: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:no logging host 10.0.0.9", {"kind": "log", "action": "stop"}),
    ("Aug  4 02:11:09 rtr1 5: %PARSER-5-CFGLOG_LOGGEDCMD: User:admin  logged command:interface Gi0/1", {"kind": "config", "action": "change", "command": "interface Gi0/1"}),
    ("Aug  4 02:11:09 rtr1 5: %HA_EM-6-LOG: CLIaccounting: copy running-config tftp://203.0.113.4/x", {"kind": "config", "action": "export"}),
    ("Aug  4 02:11:09 rtr1 5: %HA_EM-6-LOG: CLIaccounting: show running-config", {"kind": "config", "action": "view"}),
    ("Aug  4 02:11:09 rtr1 5: %SEC-6-IPACCESSLOGP: list 101 denied tcp 203.0.113.4(4444) (GigabitEthernet0/1 0011.2233.4455) -> 10.0.0.1(23), 1 packet", {"action": "deny", "dst_port": 23, "object": "101", "proto": "tcp", "rows": None}),
    ("Aug  4 02:11:09 rtr1 5: %SEC-6-IPACCESSLOGDP: list 101 permitted icmp 203.0.113.4 -> 10.0.0.1 (8/0), 5 packets", {"action": "allow", "proto": "icmp"}),
    ("Aug  4 02:11:09 rtr1 5: %SEC-6-IPACCESSLOGS: list 10 denied 203.0.113.4 1 packet", {"action": "deny", "src_ip": "203.0.113.4"}),
    ("Aug  4 02:11:09 rtr1 5: %SYS-6-LOGGINGHOST_STARTSTOP: Logging to host 10.0.0.9 port 514 stopped - CLI initiated", {"kind": "log", "action": "stop"}),
    ("Aug  4 02:11:09 rtr1 5: %SYS-5-PRIV_AUTH_PASS: Privilege level set to 15 by admin on vty0 (203.0.113.4)", {"kind": "privilege", "action": "elevate", "account": "admin"}),
    ("Aug  4 02:11:09 rtr1 5: %SSH-5-SSH2_USERAUTH: User 'admin' authentication for SSH2 Session from 203.0.113.4 (tty = 0) using crypto cipher 'aes256-ctr', hmac 'hmac-sha2-256' Failed", {**FAIL, "account": "admin", "logon_type": "ssh"}),
    ("Aug  4 02:11:09 rtr1 5: %SYS-6-LOGOUT: User admin has exited tty session 2(203.0.113.4)", {"kind": "logout", "account": "admin"}),
    ("Aug  4 02:11:09 rtr1 5: %IPNAT-6-CREATED: tcp 10.0.0.5:1234 198.51.100.9:1234 203.0.113.1:443 203.0.113.1:443", {"action": "translate"}),
    ("Aug  4 02:11:09 rtr1 5: %SNMP-3-AUTHFAIL: Authentication failure for SNMP req from host 203.0.113.4", {**FAIL, "logon_type": "snmp"}),
    ("Aug  4 02:11:09 sw1 2026 Aug  4 02:11:09 UTC: %AUTHPRIV-6-SYSTEM_MSG: Accepted password for admin from 203.0.113.4 port 5 ssh2 - sshd[1]", LOGIN),
    ("<166>Aug 04 2026 02:11:09 fw1 : %ASA-6-302013: Built inbound TCP connection 12345 for outside:203.0.113.4/51234 (203.0.113.4/51234) to inside:10.0.0.5/22 (198.51.100.5/22)", {"action": "open", "host": "fw1", "src_ip": "203.0.113.4", "dst_port": 22, "session": "12345", "code": "302013"}),
    ("Aug 04 2026 02:11:09: %ASA-6-302013: Built outbound TCP connection 7 for outside:203.0.113.4/443 (203.0.113.4/443)(CORP\\x) to inside:10.0.0.5/51222 (198.51.100.5/51222)(CORP\\ann)", {"src_ip": "10.0.0.5", "dst_ip": "203.0.113.4", "dst_port": 443}),
    ("Aug 04 2026 02:11:09: %ASA-6-302014: Teardown TCP connection 7 for outside:203.0.113.4/443 to inside:10.0.0.5/51222 duration 0:01:02 bytes 123456 TCP FINs", {"action": "close", "src_ip": "10.0.0.5", "bytes_in": 123456, "bytes_out": None}),
    ("Aug 04 2026 02:11:09: %ASA-6-302014: Teardown TCP connection 7 for outside:203.0.113.4/51222 to inside:10.0.0.5/443 duration 0:01:02 bytes 123456 TCP FINs from outside", {"src_ip": "203.0.113.4", "bytes_in": None, "bytes_out": 123456}),
    ("Aug 04 2026 02:11:09: %ASA-6-302016: Teardown UDP connection 7 for outside:203.0.113.4/53 to inside:10.0.0.5/51222 duration 0:00:02 bytes 99", {"proto": "udp", "bytes_in": 99}),
    ('Aug  4 02:11:09 fw1 %ASA-4-106023: Deny tcp src outside:203.0.113.4/5555 dst inside:10.0.0.5/23 by access-group "outside_in" [0x0, 0x0]', {"action": "deny", "object": "outside_in"}),
    ('Aug  4 02:11:09 fw1 %ASA-4-106023: Deny icmp src outside:203.0.113.4 dst inside:10.0.0.5 (type 8, code 0) by access-group "outside_in"', {"action": "deny", "dst_ip": "10.0.0.5"}),
    ("Aug  4 02:11:09 fw1 %ASA-6-106100: access-list outside_in denied tcp outside/203.0.113.4(5555) -> inside/10.0.0.5(22) hit-cnt 1 first hit [0x1, 0x2]", {"action": "deny", "dst_port": 22}),
    ('Aug  4 02:11:09 fw1 %ASA-6-605005: Login permitted from 203.0.113.4/5555 to inside:10.0.0.1/ssh for user "admin"', {**LOGIN, "account": "admin", "logon_type": "ssh"}),
    ('Aug  4 02:11:09 fw1 %ASA-6-605004: Login denied from 203.0.113.4/5555 to inside:10.0.0.1/ssh for user "admin"', {**FAIL, "account": "admin"}),
    ("Aug  4 02:11:09 fw1 %ASA-5-111008: User 'admin' executed the 'copy running-config tftp://203.0.113.4/x' command.", {"kind": "config", "action": "export", "account": "admin"}),
    ("Aug  4 02:11:09 fw1 %ASA-5-111010: User 'admin', running 'CLI' from IP 203.0.113.4, executed 'username x password *'", {"kind": "account", "target_account": "x", "src_ip": "203.0.113.4"}),
    ("Aug  4 02:11:09 fw1 %ASA-6-113005: AAA user authentication Rejected : reason = Invalid password : server = 10.0.0.8 : user = ann : user IP = 203.0.113.4", {**FAIL, "account": "ann", "src_ip": "203.0.113.4"}),
    ("Aug  4 02:11:09 fw1 %ASA-6-113015: AAA user authentication Rejected : reason = User was not found : local database : user = bob : user IP = 203.0.113.4", {**FAIL, "account": "bob"}),
    ("Aug  4 02:11:09 fw1 %ASA-6-113004: AAA user authentication Successful : server = 10.0.0.8 : user = ann", {**LOGIN, "account": "ann"}),
    ("Aug  4 02:11:09 fw1 %ASA-6-716001: Group <VPN> User <ann> IP <203.0.113.4> WebVPN session started.", {**LOGIN, "logon_type": "vpn", "account": "ann"}),
    ("Aug  4 02:11:09 fw1 %ASA-5-722051: Group <VPN> User <ann> IP <203.0.113.4> IPv4 Address <10.9.0.6> IPv6 address <::> assigned to session", {"action": "assign", "dst_ip": "10.9.0.6"}),
    ("Aug  4 02:11:09 fw1 %ASA-5-722022: Group <VPN> User <ann> IP <203.0.113.4> TCP SVC connection established without compression", {"kind": "connection", "action": "open"}),
    ("Aug  4 02:11:09 fw1 %ASA-4-113019: Group = VPN, Username = ann, IP = 203.0.113.4, Session disconnected. Session Type: SSL, Duration: 1h:02m:03s, Bytes xmt: 12345, Bytes rcv: 6789, Reason: User Requested", {"kind": "logout", "bytes_out": 12345, "bytes_in": 6789}),
    ("Aug  4 02:11:09 fw1 %ASA-6-999999: something new", {**OTHER, "host": "fw1"}),
    # Juniper
    ('<14>1 2026-08-04T02:11:09.123-05:00 srx1 RT_FLOW - RT_FLOW_SESSION_CLOSE [junos@2636.1.1.1.2.129 reason="TCP FIN" source-address="10.0.0.5" source-port="5555" destination-address="203.0.113.4" destination-port="443" protocol-id="6" session-id-32="77" bytes-from-client="1000" bytes-from-server="2000"] session closed', {"action": "close", "bytes_in": 1000, "bytes_out": 2000, "dst_ip": "203.0.113.4", "proto": "tcp", "host": "srx1", "zone_rule": "line"}),
    ("Aug  4 02:11:09 srx1 RT_FLOW: RT_FLOW_SESSION_DENY: session denied 203.0.113.4/5555->10.0.0.5/22 junos-ssh 6(0) deny-all untrust trust UNKNOWN UNKNOWN N/A(N/A) ge-0/0/0.0", {"action": "deny", "dst_port": 22}),
    ("Aug  4 02:11:09 mx1 mgd[55]: UI_LOGIN_EVENT: User 'admin' login, class 'super-user' [55], ssh-connection '203.0.113.4 5555 10.0.0.1 22', client-mode 'cli'", {**LOGIN, "account": "admin", "src_ip": "203.0.113.4"}),
    ("Aug  4 02:11:09 mx1 mgd[55]: UI_CMDLINE_READ_LINE: User 'admin', command 'show configuration | no-more '", {"kind": "config", "action": "view", "account": "admin"}),
    ("Aug  4 02:11:09 mx1 sshd[55]: SSHD_LOGIN_FAILED: Login failed for user 'root' from host '203.0.113.4'", FAIL),
    # Fortinet
    ('date=2026-08-04 time=02:11:09 devname="FGT1" tz="-0500" logid="0000000013" type="traffic" subtype="forward" srcip=10.0.0.5 srcport=5555 dstip=203.0.113.4 dstport=443 proto=6 action="close" sentbyte=1234567 rcvdbyte=8910 user="ANN"', {"action": "close", "bytes_in": 1234567, "bytes_out": 8910, "account": "ann", "proto": "tcp", "host": "FGT1", "zone_rule": "line"}),
    ('<189>date=2026-08-04 time=02:11:09 devname="F" logid="1" type="event" subtype="system" logdesc="Admin login failed" user="admin" ui="ssh(203.0.113.4)" action="login" status="failed"', {**FAIL, "src_ip": "203.0.113.4", "logon_type": "ssh"}),
    ('Aug  4 02:11:09 F date=2026-08-04 time=02:11:09 devname="F" logid="1" type="event" subtype="system" action="Add" cfgpath="system.admin" cfgobj="x" user="admin"', {"kind": "account", "action": "create", "object": "x"}),
    ('date=2026-08-04 time=02:11:09 devname="F" logid="1" type="event" subtype="vpn" action="tunnel-up" remip=203.0.113.4 user="ann"', {**LOGIN, "logon_type": "vpn", "src_ip": "203.0.113.4"}),
    # others
    ("Aug  4 02:11:09 ids1 CEF:0|Snort|IDS|1|100|Login failed|5|src=203.0.113.4 dst=10.0.0.5 spt=5 dpt=22 suser=ann", {**FAIL, "account": "ann", "dst_port": 22}),
    ("Aug  4 02:11:10 relay1 Aug  4 02:11:09 web2 sshd[5]: Accepted password for root from 10.0.0.5 port 51234 ssh2", {**LOGIN, "host": "web2"}),
    ('<34>1 2026-08-04T02:11:09.003Z web1 su 77 ID47 [a@1 iut="3"][b@2 x="y z"] hello', {"host": "web1", "pid": 77, "message": "hello", "code": "ID47"}),
    ("<34>1 2026-08-04T02:11:09Z web1 sshd 77 - - Accepted password for root from 10.0.0.5 port 51234 ssh2", {**LOGIN, "pid": 77}),
    ("2026-08-04T02:11:09.123456+02:00 web1 sshd[5]: Accepted password for root from 10.0.0.5 port 51234 ssh2", {**LOGIN, "zone_rule": "line", "error_ms": 1}),
    ("Aug  4 02:11:10 pa1 1,2026/08/04 02:11:09,0018,TRAFFIC,end,2305,2026/08/04 02:11:09,10.0.0.5,203.0.113.4,198.51.100.5,203.0.113.4,allow-all,ann,,ssl,vsys1,trust,untrust,eth1,eth2,fwd,2026/08/04 02:11:09,12345,1,51234,443,51234,443,0x1c,tcp,allow,5000,3000,2000,20,x", {"action": "close", "bytes_in": 3000, "bytes_out": 2000, "account": "ann"}),
]  # fmt: skip


def _says(row: dict, wanted: dict) -> None:
    assert {k: row[k] for k in wanted} == wanted
    assert row["action"] in ACTIONS[row["kind"]]
    assert row["outcome"] in OUTCOMES


@pytest.mark.parametrize(("message", "wanted"), CASES)
def test_a_message_of_a_host_says_what_happened(message: str, wanted: dict) -> None:
    row = one(UNIX + message)
    _says(row, {"host": "jump1", **wanted})


@pytest.mark.parametrize(("line", "wanted"), DEVICES)
def test_a_line_of_a_device_says_what_happened(line: str, wanted: dict) -> None:
    _says(one(line), wanted)


def test_a_repeated_message_is_read_as_itself_with_its_number() -> None:
    row = one(
        UNIX
        + "sshd[9]: message repeated 5 times: [ Failed password for root from 203.0.113.4 port 5 ssh2]"
    )
    assert (row["outcome"], row["account"], row["extra"]["repeated"]) == ("failure", "root", "5")


def test_fields_of_products_are_kept_under_their_names() -> None:
    row = one(
        'date=2026-08-04 time=02:11:09 logid="1" type="event" action="Add" cfgpath="firewall.policy" user="a"'
    )
    assert row["extra"]["cfgpath"] == "firewall.policy"
    assert row["extra"]["action"] == "Add"


def test_every_shape_uses_words_of_the_vocabulary() -> None:
    from amends.timeline.parsers.dialects import (
        accounts,
        cisco_asa,
        cisco_ios,
        daemons,
        juniper,
        pam,
        shares,
        sshd,
        vpn,
    )

    for module in (accounts, cisco_asa, cisco_ios, daemons, juniper, pam, shares, sshd, vpn):
        for name, value in vars(module).items():
            if name.endswith("SHAPES"):
                for shape in value:
                    assert shape.kind in KINDS
                    assert shape.action in ACTIONS[shape.kind], (name, shape)
                    assert shape.outcome in OUTCOMES
    assert len({d.name for d in DIALECTS}) == len(DIALECTS)
