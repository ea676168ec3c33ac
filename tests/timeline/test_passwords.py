# ruff: noqa: E501  (a case of a table reads best on one line)
"""Passwords, keys and tokens leave the texts of events; what only looks alike stays."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline import scrub
from amends.timeline.passwords import secret_keys
from amends.timeline.scrub import mask_texts

RIGHT = [
    'mysql -u root -pS3cr3t!x -h db1 crm',
    'mysqldump --password=S3cr3t!x crm',
    'mysqldump --password S3cr3t!x crm',
    'PGPASSWORD=S3cr3t!x psql -h db',
    'MYSQL_PWD=S3cr3t!x mysql',
    "export PGPASSWORD='S3cr3t!x y'; psql",
    'sshpass -p S3cr3t!x ssh root@10.0.0.1',
    "sshpass -p'S3cr3t!x' scp a b",
    'curl -u bob:S3cr3t!x http://x/',
    'curl -s --user "bob:S3cr3t!x z" http://x/',
    'smbclient //srv/c -U bob%S3cr3t!x',
    'net use Z: \\\\srv\\c /user:CORP\\bob S3cr3t!x',
    'net use \\\\srv\\c S3cr3t!x /user:bob',
    'psql postgres://bob:S3cr3t!x@db1/crm',
    'mongodb://bob:S3cr3t!x@db1:27017/x',
    'mongodump -u a -p S3cr3t!x --host x',
    '7z a -pS3cr3t!x out.7z /srv',
    'zip -r -P S3cr3t!x out.zip /srv',
    'openssl enc -aes-256-cbc -pass pass:S3cr3t!x -in a',
    'openssl enc -k S3cr3t!x -in a',
    'Login incorrect: [bob/S3cr3t!x] (from client nas port 0)',
    'Login incorrect (pap: bad): [bob/a]bS3cr3t!x] (from client nas port 0)',
    'username bob privilege 15 password 7 S3cr3t!x',
    'username bob secret S3cr3t!x',
    'enable secret 5 S3cr3t!x',
    'snmp-server community S3cr3t!x RO',
    'set system login user x authentication encrypted-password "S3cr3t!x"',
    'set system login user x authentication plain-text-password S3cr3t!x',
    "CREATE USER bob IDENTIFIED BY 'S3cr3t!x'",
    "ALTER ROLE bob WITH LOGIN PASSWORD 'S3cr3t!x'",
    "CREATE LOGIN bob WITH PASSWORD = N'S3cr3t!x'",
    "SET PASSWORD FOR 'x'@'%' = PASSWORD('S3cr3t!x')",
    '/cb?token=S3cr3t!x&x=1',
    '/q?a=1&api_key=S3cr3t!x',
    'GET /x?access_token=S3cr3t!x HTTP/1.1',
    'Authorization: Basic S3cr3t!xaGVsbG86d29ybGQ=',
    'Authorization: Bearer S3cr3t!x',
    '-----BEGIN RSA PRIVATE KEY-----\nS3cr3t!x\n-----END RSA PRIVATE KEY-----',
    '{"password":"S3cr3t!x","u":1}',
    '{\\"password\\":\\"S3cr3t!x\\"}',
    '<Password>S3cr3t!x</Password>',
    "<Data Name='Password'>S3cr3t!x</Data>",
    'Server=db;UID=sa;PWD=S3cr3t!x;',
    "echo 'bob:S3cr3t!x' | chpasswd",
    'echo S3cr3t!x | sudo -S id',
    'net user bob S3cr3t!x /add',
    "INSERT INTO users (name, password) VALUES ('bob', 'S3cr3t!x')",
    'redis-cli -a S3cr3t!x ping',
    'ldapsearch -x -D cn=a -w S3cr3t!x -b dc=x',
    'sqlcmd -S db -U sa -P S3cr3t!x -Q x',
    'sqlplus system/S3cr3t!x@orcl',
    'secretsdump.py corp/bob:S3cr3t!x@10.0.0.1',
    'xfreerdp /u:bob /p:S3cr3t!x /v:10.0.0.1',
    'plink -pw S3cr3t!x root@x',
    'password 7 S3cr3t!x',
    'radius-server host 10.0.0.1 key 7 S3cr3t!x',
    'crypto isakmp key S3cr3t!x address 0.0.0.0',
    'set vpn ipsec phase1 psksecret ENC S3cr3t!x',
    "pgp_sym_decrypt(ssn, 'S3cr3t!x')",
    'DB_PASSWORD=S3cr3t!x ./run',
    'wget --http-password=S3cr3t!x http://x',
    'aws_secret_access_key = S3cr3t!x',
    'cmdkey /add:x /user:bob /pass:S3cr3t!x',
    'schtasks /create /ru bob /rp S3cr3t!x /tn x',
    'User:admin  logged command:username x secret S3cr3t!x',
    "useradd -p 'S3cr3t!x' x",
    'mount -t cifs //s/c /m -o username=bob,password=S3cr3t!x',
    "ConvertTo-SecureString 'S3cr3t!x' -AsPlainText",
    'password: S3cr3t!x',
    'password is: S3cr3t!x',
    'rclone --sftp-pass S3cr3t!x copy',
    'crackmapexec smb 10.0.0.0/24 -u bob -p S3cr3t!x',
    'docker login -u bob -p S3cr3t!x reg',
    'lftp -u bob,S3cr3t!x sftp://x',
    'snmpwalk -v2c -c S3cr3t!x 10.0.0.1',
    'Cookie: PHPSESSID=S3cr3t!x; a=b',
    'https://x/y?X-Amz-Signature=S3cr3t!x&a=1',
    "GRANT ALL ON x TO y IDENTIFIED WITH mysql_native_password BY 'S3cr3t!x'",
    'Jul 1 user bob:$6$abc$S3cr3t!x:19000',
    'echo "bob:S3cr3t!x" | sudo chpasswd',
    'curl --proxy-user bob:S3cr3t!x http://x',
    '{"args": {"client_secret": "S3cr3t!x"}}',
    'AKIAS3CR3TEXAMPLE12 x aws_secret_access_key=S3cr3t!x',
    'token eyJhbGciOiJI.eyJzS3cr3t.S3cr3tab',
    'ghp_S3cr3tS3cr3tS3cr3tS3cr3t',
    'https://bob:S3cr3t!x/y@host/z',
    "UPDATE users SET password = 'S3cr3t!x' WHERE id = 1",
    'set passwd ENC S3cr3t!x',
    'tacacs-server key 7 S3cr3t!x',
    'snmp-server user a g v3 auth sha S3cr3t!x priv aes 128 S3cr3t!x',
    'snmp-server host 10.0.0.1 version 2c S3cr3t!x',
    'neighbor 10.0.0.1 password 7 S3cr3t!x',
    'wmic /node:x /user:bob /password:S3cr3t!x process',
    'psexec.exe \\\\srv -u bob -p S3cr3t!x cmd',
    'a0="mysql" a1="-u" a2="root" a3="-pS3cr3t!x"',
    'pin=S3cr3t1',
    'request system set authentication-key S3cr3t!x',
    'pass=S3cr3t!x&user=bob',
    'hydra -l root -p S3cr3t!x ssh://10.0.0.1',
    'echo S3cr3t!x | passwd --stdin bob',
]  # fmt: skip
"""Each holds ``S3cr3t``, as strangers type and products write it."""

NEAR = [
    'Accepted password for ann from 10.0.0.9 port 51234 ssh2',
    'Failed password for invalid user bob from 203.0.113.4 port 5 ssh2',
    'ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/bin/ls -p /srv',
    'mkdir -p /srv/a/b',
    'ssh -p 2222 root@10.0.0.1',
    'netstat -plant',
    'pam_unix(passwd:chauthtok): password changed for svc9',
    'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.4  user=root',
    'https://host:8443/a/b?x=1',
    'GET /reset-password HTTP/1.1',
    'ps -u root -o pid',
    'tar -czf /tmp/a.tgz -C /srv .',
    'User admin authentication for SSH2 Session',
    'sha256:4111111111111111deadbeef /etc/passwd',
    'cat /etc/passwd',
    '3 incorrect password attempts',
    'rsync -a -u /srv/ bkp1:/srv/',
    'scp -P 2222 a b:/c',
    'basic authentication failed for bob',
    'show snmp community',
    'TokenElevationType: %%1936',
    'docker run -p 8080:80 nginx',
    'curl -u http://x',
    'id -u ann',
    'nmap -p 22,80 10.0.0.0/24',
    'authorization failed',
    'SHA256:AbCdEf user=ann',
    'http://10.0.0.1:8080/x',
    'psql -U postgres -p 5433 crm',
    'cp -a /a /b',
    'date -u +%Y-%m-%d',
    'mysql -u root -p crm',
    'Started Session 3 of user ann.',
    'key exchange 5 of 6 done',
    'net user /domain',
    'net use',
    'python3 app.py -p 8080',
    'bytes 2345678901234 packets 4111111111111112',
    "'2026-08-04 02:11:09.123456'",
    'call 312-555-0142 or bob@example.com',
    "WHERE phone = '312-555-0142'",
    "User 'admin' authentication failed: no such key",
    'Password for bob will expire in 3 days',
    'user=bob key="passwd_changes"',
    'type=USER_AUTH msg=audit(1785809469.123:88): op=PAM:authentication acct="bob" exe="/usr/sbin/sshd"',
    '/usr/bin/passwd bob',
    'sudo /usr/sbin/chpasswd',
    'sha1 of the file',
    'sessionid=12345 policyid=7',
    'ssh-keygen -t ed25519',
    'GET /token HTTP/1.1',
    'https://203.0.113.4:443/remote/login',
    'tcp 10.0.0.1:22 -> 203.0.113.4:51234',
]  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_nothing_of_a_password_stays(text: str) -> None:
    told = mask_texts(pa.array([text, None, "nothing"]), commands=True).to_pylist()
    assert "s3cr3t" not in told[0].lower()
    assert "****" in told[0]
    assert told[1:] == [None, "nothing"]


@pytest.mark.parametrize("text", [t for t in RIGHT if not t.startswith("password 7")])
def test_nothing_of_a_password_stays_in_a_message_either(text: str) -> None:
    [told] = mask_texts(pa.array(["Aug 4 02:11:09 h x[1]: " + text])).to_pylist()
    assert "s3cr3t" not in told.lower()


@pytest.mark.parametrize("text", NEAR)
def test_what_only_looks_like_a_password_stays(text: str) -> None:
    prose = text.startswith("Password ")
    assert mask_texts(pa.array([text]), commands=not prose).to_pylist() == [text]


def test_the_table_of_passwords_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub, "hide_passwords", lambda texts, *, commands=False: texts)
    assert "S3cr3t" in str(mask_texts(pa.array(RIGHT)).to_pylist())


@given(st.text(max_size=60), st.sampled_from(RIGHT), st.text(max_size=60))
@settings(deadline=None, max_examples=80)
def test_masking_bears_any_text_and_masks_twice_as_once(before: str, text: str, after: str) -> None:
    texts = pa.array([(before + " " + text + " " + after).encode("utf-8", "replace").decode()])
    once = mask_texts(texts, commands=True)
    assert len(once) == 1
    mask_texts(once, commands=True).validate(full=True)


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("password", True), ("requestParameters.masterUserPassword", True), ("db_pass", False), ("Authorization", True),
        ("http.headers.authorization", False), ("secretAccessKey", True), ("sessionToken", True), ("newPassword", True), ("passwd", True),
        ("PasswordLastSet", False), ("TokenElevationType", False), ("TargetUserName", False), ("key", False), ("passport", False),
        ("secretArn", False), ("accessKeyId", False), ("api_key", True), ("pwd", True), ("pin", True), ("policy", False),
    ],
)  # fmt: skip
def test_fields_named_for_secrets_are_known(key: str, secret: bool) -> None:
    assert (secret_keys(pa.array([key])).to_pylist() == [key]) is secret
