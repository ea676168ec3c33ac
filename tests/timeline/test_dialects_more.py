# ruff: noqa: E501  (a line of a log is as long as it is)
"""Appliances, forwarders and servers of many makers: what each line says, and heads in their many manners."""

from __future__ import annotations

import pytest

from amends.timeline.parsers.syslog import Syslog
from tests.timeline.logs import one, origin, read

CASES = [
    ('Aug  4 02:11:09 rtr1 5: %HA_EM-6-LOG: CLIaccounting: copy running-config tftp://203.0.113.4/x', {'host': 'rtr1', 'kind': 'config', 'action': 'export', 'command': 'copy running-config tftp://203.0.113.4/x', 'source': 'syslog/cisco_ios'}),
    ('Aug  4 02:11:09 rtr1 5: %HA_EM-6-LOG: LOGCMD : show running-config', {'host': 'rtr1', 'kind': 'config', 'action': 'view', 'command': 'show running-config', 'source': 'syslog/cisco_ios'}),
    ("Aug  4 02:11:09  srx1 mgd[5]: UI_CMDLINE_READ_LINE: User 'bob', command 'show configuration '", {'host': 'srx1', 'kind': 'config', 'action': 'view', 'account': 'bob', 'command': 'show configuration ', 'source': 'syslog/juniper'}),
    ('Aug  4 02:11:09  srx1 sshd[5]: Failed password for root from 203.0.113.4 port 5 ssh2', {'host': 'srx1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/sshd'}),
    ('Aug  4 02:11:09 jump1 CEF:0|Trend Micro|DS|1|5|Log on failed for user|5|suser=bob smith src=203.0.113.4 msg=User logon failed now cs1=a b.csv cs1Label=File name act=blocked dst=10.0.0.1 spt=5', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob smith', 'src_ip': '203.0.113.4', 'src_port': 5, 'dst_ip': '10.0.0.1', 'source': 'syslog/cef'}),
    ('Aug  4 02:11:09 jump1 LEEF:1.0|IBM|X|1|login|usrName=bob smith\tsrc=203.0.113.4\tdst=10.0.0.1\tmsg=login failed for him', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob smith', 'src_ip': '203.0.113.4', 'dst_ip': '10.0.0.1', 'source': 'syslog/cef'}),
    ('Aug  4 02:11:09 10.0.0.1 sshd[5]: Failed password for root from 203.0.113.4 port 5 ssh2', {'host': '10.0.0.1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/sshd'}),
    ('Aug  4 02:11:09 jump1.corp.example sshd[5]: Failed password for root from 203.0.113.4 port 5 ssh2', {'host': 'jump1.corp.example', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/sshd'}),
    ('Aug  4 2026 02:11:09 jump1 sshd[5]: Failed password for root from 203.0.113.4 port 5 ssh2', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/sshd'}),
    ('Aug  4 02:11:09.123 jump1 sshd[5]: Failed password for root from 203.0.113.4 port 5 ssh2', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/sshd'}),
    ('2026-08-04T02:11:09.123456-05:00 jump1 sshd[5]: Failed password for root from 203.0.113.4 port 5 ssh2', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/sshd'}),
    ('2026-08-04 02:11:09 jump1 sshd[5]: Failed password for root from 203.0.113.4 port 5 ssh2', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/sshd'}),
    ('<13>Aug  4 02:11:09 ws1 MSWinEventLog\t1\tSecurity\t123\tTue Aug 04 02:11:09 2026\t4625\tMicrosoft-Windows-Security-Auditing\tbob\tN/A\tFailure Audit\tws1\tLogon\t\tAn account failed to log on.    Subject:  Security ID:  S-1-0-0  Account Name:  -  Account Domain:  -  Logon ID:  0x0    Logon Type:   3    Account For Which Logon Failed:  Security ID:  S-1-0-0  Account Name:  bob  Account Domain:  CORP    Failure Information:  Failure Reason:  Unknown user name or bad password.  Status:   0xC000006D  Sub Status:  0xC0000064    Process Information:  Caller Process ID: 0x0  Caller Process Name: -    Network Information:  Workstation Name: X  Source Network Address: 203.0.113.4  Source Port:  51234    Detailed Authentication Information:\t55', {'host': 'ws1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'network', 'source': 'syslog/windows'}),
    ('<13>Aug  4 02:11:09 ws1 Security-Auditing: 4625: AUDIT_FAILURE An account failed to log on. Subject: Security ID: S-1-0-0 Account Name: - Account Domain: - Logon ID: 0x0 Logon Type: 3 Account For Which Logon Failed: Security ID: S-1-0-0 Account Name: bob Account Domain: CORP Failure Information: Failure Reason: x Network Information: Workstation Name: X Source Network Address: 203.0.113.4 Source Port: 51234', {'host': 'ws1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'network', 'source': 'syslog/windows'}),
    ('<13>Aug  4 02:11:09 ws1 Microsoft-Windows-Security-Auditing[600]: An account was successfully logged on. Subject: Security ID: S-1-5-18 Account Name: WS1$ Account Domain: CORP Logon ID: 0x3E7 Logon Type: 10 New Logon: Security ID: S-1-5-21 Account Name: bob Account Domain: CORP Logon ID: 0x12345 Network Information: Workstation Name: X Source Network Address: 203.0.113.4 Source Port: 51234', {'host': 'ws1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'rdp', 'source': 'syslog/windows'}),
    ('2026-08-04T02:11:09.123Z esx1 Hostd: info hostd[2100] [Originator@6876 sub=Vimsvc.ha-eventmgr opID=1] Event 123 : User root@203.0.113.4 logged in as VMware-client/6.5.0', {'host': 'esx1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'root', 'src_ip': '203.0.113.4', 'logon_type': 'web', 'source': 'syslog/esxi'}),
    ('2026-08-04T02:11:09.123Z esx1 Hostd: warning hostd[2100] [Originator@6876 sub=Default] Event 124 : Cannot login root@203.0.113.4', {'host': 'esx1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'logon_type': 'web', 'source': 'syslog/esxi'}),
    ('2026-08-04T02:11:09.123Z esx1 Hostd: info hostd[2100] [Originator@6876 sub=Vimsvc.ha-eventmgr] Event 125 : User root@203.0.113.4 logged out (login time: x, number of API invocations: 5)', {'host': 'esx1', 'kind': 'logout', 'action': 'logout', 'outcome': 'success', 'account': 'root', 'src_ip': '203.0.113.4', 'logon_type': 'web', 'source': 'syslog/esxi'}),
    ('Aug  4 02:11:09 bigip1 notice httpd[8]: 01070417:5: AUDIT - user admin - RAW: httpd(pam_audit): user=admin(admin) partition=[All] level=Administrator tty=(unknown) host=203.0.113.4 attempts=1 start="Tue Aug  4 02:11:09 2026".', {'host': 'bigip1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'admin', 'src_ip': '203.0.113.4', 'logon_type': 'web', 'source': 'syslog/f5'}),
    ('Aug  4 02:11:09 bigip1 notice tmsh[8]: 01420002:5: AUDIT - pid=8 user=root folder=/Common module=(tmos)# status=[Command OK] cmd_data=list sys db all', {'host': 'bigip1', 'kind': 'process', 'action': 'command', 'account': 'root', 'command': 'list sys db all', 'source': 'syslog/f5'}),
    ("Aug  4 02:11:09 bigip1 notice apmd[8]: 01490010:5: /Common/ap:Common:1a2b: Username 'bob'", {'host': 'bigip1', 'kind': 'other', 'action': 'other', 'account': 'bob', 'logon_type': 'vpn', 'source': 'syslog/f5'}),
    ('Aug  4 02:11:09 pf1 filterlog[8]: 5,,,1000000103,igb0,match,block,in,4,0x0,,64,0,0,DF,6,tcp,60,203.0.113.4,10.0.0.1,51234,22,0,S,123,,64240,,mss', {'host': 'pf1', 'kind': 'connection', 'action': 'deny', 'outcome': 'failure', 'src_ip': '203.0.113.4', 'src_port': 51234, 'dst_ip': '10.0.0.1', 'dst_port': 22, 'source': 'syslog/filterlog'}),
    ("Aug  4 02:11:09 pf1 php-fpm[8]: /index.php: Successful login for user 'admin' from: 203.0.113.4 (Local Database)", {'host': 'pf1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'admin', 'src_ip': '203.0.113.4', 'logon_type': 'web', 'source': 'syslog/pfsense'}),
    ("Aug  4 02:11:09 pf1 php-fpm[8]: /index.php: webConfigurator authentication error for user 'admin' from: 203.0.113.4", {'host': 'pf1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'admin', 'src_ip': '203.0.113.4', 'logon_type': 'web', 'source': 'syslog/pfsense'}),
    ('Aug  4 02:11:09 mt1 system,info,account user admin logged in from 203.0.113.4 via ssh', {'host': 'mt1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'admin', 'src_ip': '203.0.113.4', 'logon_type': 'ssh', 'source': 'syslog/mikrotik'}),
    ('Aug  4 02:11:09 mt1 system,error,critical login failure for user root from 203.0.113.4 via ssh', {'host': 'mt1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'logon_type': 'ssh', 'source': 'syslog/mikrotik'}),
    ('Aug  4 02:11:09 mt1 firewall,info forward: in:ether1 out:bridge, connection-state:new src-mac 00:11:22:33:44:55, proto TCP (SYN), 203.0.113.4:51234->10.0.0.1:22, len 60', {'host': 'mt1', 'kind': 'connection', 'action': 'open', 'src_ip': '203.0.113.4', 'src_port': 51234, 'dst_ip': '10.0.0.1', 'dst_port': 22, 'source': 'syslog/mikrotik'}),
    ('<134>1 2026-08-04T02:11:09Z cp1 CheckPoint 1234 - [action:"Accept"; flags:"1"; ifdir:"inbound"; src:"203.0.113.4"; dst:"10.0.0.1"; proto:"6"; s_port:"51234"; service:"22"; product:"VPN-1 & FireWall-1"]', {'host': 'cp1', 'kind': 'connection', 'action': 'allow', 'outcome': 'success', 'src_ip': '203.0.113.4', 'src_port': 51234, 'dst_ip': '10.0.0.1', 'dst_port': 22, 'source': 'syslog/check_point'}),
    ('Aug  4 02:11:09 pa1 1,2026/08/04 02:11:09,0123,THREAT,vulnerability,2049,2026/08/04 02:11:09,203.0.113.4,10.0.0.1,0.0.0.0,0.0.0.0,rule1,,,web-browsing,vsys1,untrust,trust,e1,e2,lf,2026/08/04 02:11:09,123,1,51234,80,0,0,0x0,tcp,reset-both,"x.php",Bash RCE(36729),any,critical,client-to-server', {'host': 'pa1', 'kind': 'connection', 'action': 'deny', 'outcome': 'failure', 'src_ip': '203.0.113.4', 'src_port': 51234, 'dst_ip': '10.0.0.1', 'dst_port': 80, 'source': 'syslog/palo_alto'}),
    ('Aug  4 02:11:09 pa1 1,2026/08/04 02:11:09,0123,SYSTEM,auth,0,2026/08/04 02:11:09,,auth-fail,,0,0,general,medium,"failed authentication for user \'admin\'.  Reason: Invalid username/password. From: 203.0.113.4.",123,0x0', {'host': 'pa1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'admin', 'src_ip': '203.0.113.4', 'source': 'syslog/palo_alto'}),
    ('Aug  4 02:11:09 pa1 1,2026/08/04 02:11:09,0123,SYSTEM,globalprotect,0,2026/08/04 02:11:09,,globalprotectgateway-auth-succ,gw,0,0,general,informational,"GlobalProtect gateway user authentication succeeded. Login from: 203.0.113.4, Source region: US, User name: bob, Auth type: profile.",123,0x0', {'host': 'pa1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'vpn', 'source': 'syslog/palo_alto'}),
    ('Aug  4 02:11:09 pa1 1,2026/08/04 02:11:09,0123,CONFIG,0,0,2026/08/04 02:11:09,203.0.113.4,,set,admin,Web,Succeeded, network,123,0x0', {'host': 'pa1', 'kind': 'config', 'action': 'change', 'account': 'admin', 'src_ip': '203.0.113.4', 'command': 'set', 'logon_type': 'web', 'source': 'syslog/palo_alto'}),
    ('date=2026-08-04 time=02:11:15 devname="F" logid="0101039424" type="event" subtype="vpn" action="tunnel-up" tunneltype="ssl-web" remip=203.0.113.4 user="bob" msg="SSL tunnel established"', {'host': 'F', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'vpn', 'source': 'syslog/fortinet'}),
    ('date=2026-08-04 time=02:11:15 devname="F" logid="0101039426" type="event" subtype="vpn" action="ssl-login-fail" remip=203.0.113.4 user="bob" reason="sslvpn_login_permission_denied"', {'host': 'F', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'vpn', 'source': 'syslog/fortinet'}),
    ('date=2026-08-04 time=02:11:15 devname="F" logid="0100032001" type="event" subtype="system" user="admin" ui="https(203.0.113.4)" method="https" srcip=203.0.113.4 action="login" status="success" msg="Administrator admin logged in successfully from https(203.0.113.4)"', {'host': 'F', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'admin', 'src_ip': '203.0.113.4', 'logon_type': 'web', 'source': 'syslog/fortinet'}),
    ('date=2026-08-04 time=02:11:15 devname="F" logid="0102043008" type="event" subtype="user" srcip=203.0.113.4 user="bob" action="authentication" status="failure"', {'host': 'F', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'source': 'syslog/fortinet'}),
    ('Aug  4 02:11:09 asa1 %ASA-6-113012: AAA user authentication Successful : local database : user = bob', {'host': 'asa1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'source': 'syslog/cisco_asa'}),
    ('Aug  4 02:11:09 asa1 %ASA-6-113015: AAA user authentication Rejected : reason = Invalid password : local database : user = bob : user IP = 203.0.113.4', {'host': 'asa1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'source': 'syslog/cisco_asa'}),
    ('Aug  4 02:11:09 asa1 %ASA-4-113019: Group = G, Username = bob, IP = 203.0.113.4, Session disconnected. Session Type: SSL, Duration: 0h:10m, Bytes xmt: 123, Bytes rcv: 456, Reason: User Requested', {'host': 'asa1', 'kind': 'logout', 'action': 'logout', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'vpn', 'source': 'syslog/cisco_asa'}),
    ('Aug  4 02:11:09 asa1 %ASA-6-113039: Group <G> User <bob> IP <203.0.113.4> AnyConnect parent session started.', {'host': 'asa1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'vpn', 'source': 'syslog/cisco_asa'}),
    ('Aug  4 02:11:09 asa1 %ASA-5-722037: Group <G> User <bob> IP <203.0.113.4> SVC closing connection: User requested.', {'host': 'asa1', 'kind': 'connection', 'action': 'close', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'vpn', 'source': 'syslog/cisco_asa'}),
    ('Aug  4 02:11:09 asa1 %ASA-6-734001: DAP: User bob, Addr 203.0.113.4, Connection AnyConnect: The following DAP records were selected for this connection: D', {'host': 'asa1', 'kind': 'other', 'action': 'other', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'vpn', 'source': 'syslog/cisco_asa'}),
    ("Aug  4 02:11:09 asa1 %ASA-7-111009: User 'admin' executed cmd: show running-config", {'host': 'asa1', 'kind': 'config', 'action': 'view', 'outcome': 'success', 'account': 'admin', 'command': 'show running-config', 'source': 'syslog/cisco_asa'}),
    ("Aug  4 02:11:09 rtr1 5: %SSH-5-SSH2_SESSION: SSH2 Session request from 203.0.113.4 (tty = 0) using crypto cipher 'aes256-ctr', hmac 'hmac-sha2-256' Succeeded", {'host': 'rtr1', 'kind': 'connection', 'action': 'open', 'outcome': 'success', 'src_ip': '203.0.113.4', 'logon_type': 'ssh', 'source': 'syslog/cisco_ios'}),
    ('Aug  4 02:11:09 rtr1 5: %AUTHMGR-5-SUCCESS: Authorization succeeded for client (0011.2233.4455) on Interface Gi1/0/1 AuditSessionID 0A0', {'host': 'rtr1', 'kind': 'other', 'action': 'other', 'outcome': 'success', 'source': 'syslog/cisco_ios'}),
    ('Aug  4 02:11:09 rtr1 5: %AUTHMGR-5-FAIL: Authorization failed or unapplied for client (0011.2233.4455) on Interface Gi1/0/1 AuditSessionID 0A0', {'host': 'rtr1', 'kind': 'other', 'action': 'other', 'outcome': 'failure', 'source': 'syslog/cisco_ios'}),
    ("Aug  4 02:11:09 rtr1 5: %DMI-5-AUTH_PASSED: R0/0: dmiauthd: User 'admin' authenticated successfully from 203.0.113.4:51234 for netconf over ssh. External groups:", {'host': 'rtr1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'admin', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'netconf', 'source': 'syslog/cisco_ios'}),
    ('Aug  4 02:11:09 rtr1 5: %DMI-5-CONFIG_I: R0/0: dmiauthd: Configured from NETCONF/RESTCONF by admin, transaction-id 5', {'host': 'rtr1', 'kind': 'config', 'action': 'change', 'outcome': 'success', 'account': 'admin', 'source': 'syslog/cisco_ios'}),
    ('Aug  4 02:11:09 rtr1 5: %SYS-6-LOGOUT: User admin has exited tty session 2(203.0.113.4)', {'host': 'rtr1', 'kind': 'logout', 'action': 'logout', 'outcome': 'success', 'account': 'admin', 'src_ip': '203.0.113.4', 'source': 'syslog/cisco_ios'}),
    ("Aug  4 02:11:09 jump1 dropbear[8]: Password auth succeeded for 'root' from 203.0.113.4:51234", {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'ssh', 'source': 'syslog/dropbear'}),
    ("Aug  4 02:11:09 jump1 dropbear[8]: Bad password attempt for 'root' from 203.0.113.4:51234", {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'ssh', 'source': 'syslog/dropbear'}),
    ('Aug  4 02:11:09 jump1 dropbear[8]: Login attempt for nonexistent user from 203.0.113.4:51234', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'ssh', 'source': 'syslog/dropbear'}),
    ('Aug  4 02:11:09 jump1 dropbear[8]: Exit (root): Disconnect received', {'host': 'jump1', 'kind': 'logout', 'action': 'logout', 'outcome': 'success', 'account': 'root', 'logon_type': 'ssh', 'source': 'syslog/dropbear'}),
    ("Aug  4 02:11:09 jump1 dropbear[8]: Pubkey auth succeeded for 'root' with key sha1!! 00:11 from 203.0.113.4:5", {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'root', 'src_ip': '203.0.113.4', 'src_port': 5, 'logon_type': 'ssh', 'source': 'syslog/dropbear'}),
    ('Aug  4 02:11:09 jump1 xrdp-sesman[8]: [INFO ] ++ created session (access granted): username bob, ip ::ffff:203.0.113.4:51234 - socket: 12', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'rdp', 'source': 'syslog/xrdp'}),
    ('Aug  4 02:11:09 jump1 xrdp-sesman[8]: [ERROR] AUTHFAIL: user=bob ip=::ffff:203.0.113.4 time=1785809469', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'rdp', 'source': 'syslog/xrdp'}),
    ('Aug  4 02:11:09 jump1 xrdp-sesman[8]: [INFO ] ++ terminated session:  username bob, display :10.0, session_pid 5, ip 203.0.113.4:51234 - socket: 12', {'host': 'jump1', 'kind': 'logout', 'action': 'logout', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'rdp', 'source': 'syslog/xrdp'}),
    ('Aug  4 02:11:09 jump1 pure-ftpd: (?@203.0.113.4) [INFO] bob is now logged in', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'ftp', 'source': 'syslog/proftpd'}),
    ('Aug  4 02:11:09 jump1 pure-ftpd: (?@203.0.113.4) [WARNING] Authentication failed for user [bob]', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'ftp', 'source': 'syslog/proftpd'}),
    ('Aug  4 02:11:09 jump1 pure-ftpd: (bob@203.0.113.4) [NOTICE] /srv//a.zip downloaded  (123456 bytes, 99.1KB/sec)', {'host': 'jump1', 'kind': 'file', 'action': 'download', 'outcome': 'success', 'account': 'bob', 'src_ip': '203.0.113.4', 'logon_type': 'ftp', 'source': 'syslog/proftpd'}),
    ("Aug  4 02:11:09 jump1 openvpn[9]: 203.0.113.4:51234 SENT CONTROL [bob]: 'AUTH_FAILED' (status=1)", {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'src_ip': '203.0.113.4', 'src_port': 51234, 'logon_type': 'vpn', 'source': 'syslog/openvpn'}),
    ('Aug  4 02:11:09 jump1 charon: 12[IKE] EAP method EAP_MSCHAPV2 failed for peer bob', {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'failure', 'account': 'bob', 'logon_type': 'vpn', 'source': 'syslog/ipsec'}),
    ("Aug  4 02:11:09 jump1 charon: 12[IKE] authentication of 'bob' with EAP successful", {'host': 'jump1', 'kind': 'login', 'action': 'login', 'outcome': 'success', 'account': 'bob', 'logon_type': 'vpn', 'source': 'syslog/ipsec'}),
    ('Aug  4 02:11:09 jump1 sudo:      ann : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh', {'host': 'jump1', 'kind': 'privilege', 'action': 'elevate', 'outcome': 'failure', 'account': 'ann', 'target_account': 'root', 'command': '/bin/sh', 'source': 'syslog/sudo'}),
    ('Aug  4 02:11:09 jump1 su[7]: pam_unix(su:auth): authentication failure; logname=ann uid=1000 euid=0 tty=pts/0 ruser=ann rhost=  user=root', {'host': 'jump1', 'kind': 'privilege', 'action': 'elevate', 'outcome': 'failure', 'account': 'ann', 'target_account': 'root', 'source': 'syslog/su'}),
    ('Aug  4 02:11:09 jump1 polkitd[7]: Operator of unix-session:2 successfully authenticated as unix-user:root to gain TEMPORARY authorization for action org.freedesktop.policykit.exec for unix-process:5:6 [bash] (owned by unix-user:ann)', {'host': 'jump1', 'kind': 'privilege', 'action': 'elevate', 'outcome': 'success', 'account': 'ann', 'target_account': 'root', 'source': 'syslog/polkit'}),
    ('Aug  4 02:11:09 jump1 polkitd[7]: Operator of unix-session:2 FAILED to authenticate to gain authorization for action org.freedesktop.policykit.exec for system-bus-name::1.9 [x] (owned by unix-user:ann)', {'host': 'jump1', 'kind': 'privilege', 'action': 'elevate', 'outcome': 'failure', 'account': 'ann', 'source': 'syslog/polkit'}),
    ('Aug  4 02:11:09 jump1 pkexec[7]: ann: Executing command [USER=root] [TTY=/dev/pts/0] [CWD=/home/ann] [COMMAND=/usr/bin/id]', {'host': 'jump1', 'kind': 'privilege', 'action': 'elevate', 'outcome': 'success', 'account': 'ann', 'target_account': 'root', 'command': '/usr/bin/id', 'source': 'syslog/polkit'}),
    ('Aug  4 02:11:09 jump1 doas: ann ran command id as root from /home/ann', {'host': 'jump1', 'kind': 'privilege', 'action': 'elevate', 'outcome': 'success', 'account': 'ann', 'target_account': 'root', 'command': 'id', 'source': 'syslog/doas'}),
    ('Aug  4 02:11:09 jump1 doas: failed command for ann: id as root', {'host': 'jump1', 'kind': 'privilege', 'action': 'elevate', 'outcome': 'failure', 'account': 'ann', 'target_account': 'root', 'command': 'id', 'source': 'syslog/doas'}),
    ('Aug  4 02:11:09 jump1 fail2ban.actions[8]: NOTICE [sshd] Ban 203.0.113.4', {'host': 'jump1', 'kind': 'connection', 'action': 'deny', 'outcome': 'success', 'src_ip': '203.0.113.4', 'source': 'syslog/fail2ban'}),
    ('Aug  4 02:11:09 jump1 systemd-logind[7]: Removed session 12.', {'host': 'jump1', 'kind': 'other', 'action': 'other', 'source': 'syslog/logind'}),
    ("Aug  4 02:11:09 jump1 mariadbd[8]: 2026-08-04  2:11:09 5 [Warning] Access denied for user 'root'@'203.0.113.4' (using password: YES)", {'host': 'jump1', 'kind': 'query', 'action': 'connect', 'outcome': 'failure', 'account': 'root', 'src_ip': '203.0.113.4', 'logon_type': 'db', 'source': 'syslog/mariadb'}),
    ('Aug  4 02:11:09 jump1 postgres[8]: [5-1] FATAL:  password authentication failed for user "bob"', {'host': 'jump1', 'kind': 'query', 'action': 'connect', 'outcome': 'failure', 'account': 'bob', 'logon_type': 'db', 'source': 'syslog/postgres'}),
    ('Aug  4 02:11:09 jump1 postgres[8]: [6-1] 2026-08-04 02:11:09 UTC [8] bob@crm LOG:  connection authorized: user=bob database=crm application_name=psql', {'host': 'jump1', 'kind': 'query', 'action': 'connect', 'outcome': 'success', 'account': 'bob', 'logon_type': 'db', 'source': 'syslog/postgres'}),
]  # fmt: skip
NEAR = [
    "Aug  4 02:11:09 h dropbear[8]: Early exit: Terminated by signal",
    "Aug  4 02:11:09 h Hostd: info hostd[1] [Originator@6876] Event 5 : Task: Refresh",
    "Aug  4 02:11:09 h filterlog[8]: 5,,,",
    "Aug  4 02:11:09 h Microsoft-Windows-Security-Auditing[1]: An account failed to log on.",
    "Aug  4 02:11:09 h xrdp-sesman[8]: [INFO ] login successful for display 10",
    "Aug  4 02:11:09 h polkitd[8]: Registered Authentication Agent for unix-session:2",
    "Aug  4 02:11:09 h postgres[8]: [5-1] LOG:  checkpoint starting: time",
    "Aug  4 02:11:09 r1 5: %HA_EM-6-LOG: LINKDOWN: the uplink of site 4 went away",
    "Aug  4 02:11:09 h system,info something else",
    "Aug  4 02:11:09 h CheckPoint[1]: nothing of note",
]


@pytest.mark.parametrize(("line", "wanted"), CASES)
def test_a_line_says_what_its_maker_means(line: str, wanted: dict[str, object]) -> None:
    row = one(line, origin("x.log"))
    assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize("line", NEAR)
def test_near_misses_say_nothing(line: str) -> None:
    row = one(line, origin("x.log"))
    assert row["kind"] == "other"
    assert row["account"] is None


REPEATS = (
    "Aug  4 02:11:08 other CRON[7]: (root) CMD (x)\n"
    "Aug  4 02:11:09 jump1 sshd[9]: Failed password for root from 203.0.113.4 port 5 ssh2\n"
    "Aug  4 02:11:12 jump1 last message repeated 5 times\n"
    "Aug  4 02:11:12 jump2 last message repeated 3 times\n"
    "Aug  4 02:11:15 jump1 last message repeated 2 times\n"
)


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
def test_a_repeat_is_what_it_repeats_for_the_same_host(size: int) -> None:
    parser = Syslog()
    parser.block_bytes = size
    _, rows = read(REPEATS, origin("x.log"), parsers=[parser])
    told = [
        (r["line"], r["kind"], r["account"], dict(r["extra"] or ()).get("repeated")) for r in rows
    ]
    assert told == [
        (1, "service", "root", None),
        (2, "login", "root", None),
        (3, "login", "root", "5"),
        (4, "other", None, "3"),
        (5, "login", "root", "2"),
    ]
