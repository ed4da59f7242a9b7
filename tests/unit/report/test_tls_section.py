"""What the TLS section says beside its table of protocols, suites and groups."""

from __future__ import annotations

from dataclasses import replace

from scanner.model import ConditionResult, TlsCertificate, TlsClient, TlsEndpoint
from scanner.report.look import Look
from scanner.report.page import Page
from scanner.report.sections.tls import tls

GOOD = TlsCertificate("CN=localhost", "RSA 2048", "RSA with SHA-256", "2036-11-21")
WEAK = TlsCertificate(
    "CN=a\x1b[2J", "RSA 1024", "RSA with SHA-1", "", ("RSA key of 1024 bits", "SHA-1 signature")
)
MAIL = TlsEndpoint(
    25,
    ("TLS 1.2",),
    ("TLS_A",),
    ("secp256r1",),
    ("rsa_pkcs1_sha1",),
    starttls="smtp",
    signatures=("rsa_pkcs1_sha1", "rsa_pkcs1_sha256"),
    certificates=(GOOD,),
    completes_without_ems=True,
    resumes_without_ems=True,
)


def shown(baseline: ConditionResult, *others: ConditionResult, verbose: bool = False) -> str:
    page = Page(Look(verbose=verbose))
    tls(page, (baseline, *others))
    return " ".join(page.result().split())


def run(name: str, *endpoints: TlsEndpoint, clients: tuple[TlsClient, ...] = ()) -> ConditionResult:
    return ConditionResult(name, True, tls=endpoints, clients=clients)


def test_protocol_before_tls_certificate_and_signatures() -> None:
    text = shown(run("baseline", MAIL))
    assert "TLS on port 25 (STARTTLS, smtp)" in text
    assert "rsa_pkcs1_sha1 yes no" in text
    assert "Certificate: CN=localhost, RSA 2048, signed by RSA with SHA-256, valid until" in text
    assert "not approved: RSA" not in text


def test_certificate_of_another_kind_and_what_is_wrong_with_it() -> None:
    text = shown(run("baseline", MAIL), run("enforced", replace(MAIL, certificates=(WEAK,))))
    assert "not approved: RSA key of 1024 bits, SHA-1 signature" in text
    assert "Certificate in enforced" in text
    assert "\x1b" not in text
    again = shown(run("baseline", MAIL), run("enforced", MAIL))
    assert again.count("Certificate") == 1


def test_extended_master_secret() -> None:
    refusing = replace(MAIL, completes_without_ems=False, resumes_without_ems=None)
    what = "TLS 1.2 without extended master secret:"
    assert f"{what} completed and resumed in every run" in shown(
        run("baseline", MAIL), run("enforced", MAIL)
    )
    assert f"{what} baseline completed and resumed, enforced refused" in shown(
        run("baseline", MAIL), run("enforced", refusing)
    )
    assert what not in shown(run("baseline", refusing), run("enforced", refusing))
    assert what not in shown(run("baseline", replace(MAIL, completes_without_ems=None)))


def test_clients() -> None:
    def client(name: str, port: int, suites: tuple[str, ...], bad: tuple[str, ...]) -> TlsClient:
        return TlsClient("/usr/bin/curl", name, port, ("TLS 1.2",), suites, ("x25519",), (), bad)

    some = client("api.example.com", 443, ("TLS_A", "TLS_B"), ("TLS_B", "x25519"))
    every = client("", 5432, ("TLS_B",), ("TLS_B",))
    none = client("c.example", 443, ("TLS_A",), ())
    text = shown(run("baseline", clients=(some, every)), run("enforced", clients=(every, none)))
    assert "As a TLS client" in text
    assert "/usr/bin/curl api.example.com:443 1 of 2 suites; baseline x25519" in text
    assert "a server:5432 every suite baseline, enforced" in text
    assert "c.example:443 nothing enforced" in text
    assert "As a TLS client" not in shown(run("baseline", MAIL))
    many = tuple(replace(some, server_name=f"h{number}") for number in range(20))
    assert "and 12 more" in shown(run("baseline", clients=many))
    assert "more" not in shown(run("baseline", clients=many), verbose=True)


def test_what_quantum_computers_do_not_break_is_named_with_its_runs() -> None:
    hybrid = replace(MAIL, groups=("X25519MLKEM768",), post_quantum=("X25519MLKEM768",))
    everywhere = shown(run("baseline", hybrid), run("enforced", hybrid))
    assert "Post-quantum: X25519MLKEM768" in everywhere
    assert "X25519MLKEM768 in baseline" not in everywhere
    lost = shown(run("baseline", hybrid), run("enforced", MAIL))
    assert "Post-quantum: X25519MLKEM768 in baseline" in lost
    assert "Post-quantum" not in shown(run("baseline", MAIL))
