"""A throw-away time-stamp authority: OpenSSL makes its certificates and answers, on loopback only."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

_SETTINGS = """
[ req ]
distinguished_name = dn
prompt = no
[ dn ]
CN = Throw-away Stamp Authority
[ v3_ca ]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ v3_tsa ]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ tsa ]
default_tsa = tsa1
[ tsa1 ]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_chain = no
"""


@dataclass(frozen=True)
class Authority:
    """An authority in a folder."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Authority:
        folder.mkdir(parents=True)
        (folder / "tsa.cnf").write_text(_SETTINGS)
        (folder / "serial").write_text("01\n")
        made = cls(folder)
        new = ("-newkey", "rsa:2048", "-nodes", "-config", "tsa.cnf")
        made._openssl(
            "req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-extensions", "v3_ca",
            "-subj", "/CN=Throw-away Root",
        )  # fmt: skip
        made._openssl("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr")
        made._openssl(
            "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "tsa.pem", "-extfile", "tsa.cnf", "-extensions", "v3_tsa",
        )  # fmt: skip
        return made

    @property
    def roots(self) -> Path:
        return self.folder / "ca.pem"

    def answer(self, request: bytes) -> bytes:
        (self.folder / "q.tsq").write_bytes(request)
        self._openssl("ts", "-reply", "-queryfile", "q.tsq", "-config", "tsa.cnf", "-out", "r.tsr")
        return (self.folder / "r.tsr").read_bytes()

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)


@contextmanager
def served(authority: Authority) -> Iterator[str]:
    """Serve an authority on loopback and yield its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            made = authority.answer(asked)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(made)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
