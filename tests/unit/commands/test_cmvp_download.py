"""Lists of certificates are fetched over https, within bounds, and through no downgrade."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scanner.commands import cmvp_source
from scanner.commands.cmvp_source import fetch
from scanner.errors import UsageError

LIST = b'{"modules": []}'


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/round":
            self.send_response(302)
            self.send_header("Location", "/round")
            self.end_headers()
            return
        if self.path == "/down":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/modules.json")
            self.end_headers()
            return
        self.send_response(200 if self.path == "/modules.json" else 404)
        self.end_headers()
        self.wfile.write(LIST)

    def log_message(self, *_: object) -> None:
        pass


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server whose certificate is trusted."""
    path = certificate(tmp_path)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_list_is_fetched(address: str) -> None:
    assert fetch(f"{address}/modules.json") == LIST


def test_another_answer_than_ok_is_told(address: str) -> None:
    with pytest.raises(UsageError, match="answers 404: check the address"):
        fetch(f"{address}/nothing")


def test_a_server_that_nobody_vouches_for_is_not_believed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(UsageError, match="cannot fetch"):
        fetch(f"{address}/modules.json")


def test_nothing_is_fetched_over_http_after_a_redirect(address: str) -> None:
    with pytest.raises(UsageError, match=r"http://127\.0\.0\.1:9/\S+ is not https"):
        fetch(f"{address}/down")


def test_redirects_come_to_an_end(address: str) -> None:
    with pytest.raises(UsageError, match="leads from one address to the next"):
        fetch(f"{address}/round")


def test_what_is_too_large_is_not_read_to_its_end(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cmvp_source, "MAX_BYTES", len(LIST) - 1)
    with pytest.raises(UsageError, match="is larger than"):
        fetch(f"{address}/modules.json")
