from __future__ import annotations

from scanner.model import FactKind, TlsCertificate, TlsEndpoint
from scanner.simulate.tls_table import Approval, endpoint_facts, offers
from tests.unit.link.worlds import rules

from .values import CHACHA13, GCM13, table

SEEN = TlsEndpoint(
    25,
    ("TLS 1.1", "TLS 1.3"),
    (GCM13, CHACHA13),
    ("secp256r1", "x25519"),
    starttls="smtp",
    signatures=("ecdsa_sha1", "ed25519", "unheard_of"),
    certificates=(
        TlsCertificate("CN=a", "RSA 1024", "RSA with SHA-256", "", ("RSA key of 1024 bits",)),
        TlsCertificate("CN=b", "RSA 2048", "RSA with SHA-256"),
    ),
    completes_without_ems=False,
)


def test_facts_of_an_endpoint() -> None:
    endpoint, leaf, issuer = endpoint_facts([SEEN], "baseline", Approval(table()))
    assert endpoint.kind is FactKind.TLS_ENDPOINT
    assert endpoint.text("starttls") == "smtp"
    assert endpoint.texts("unapproved_signatures") == ("ecdsa_sha1", "unheard_of")
    assert endpoint.texts("unapproved_protocols") == ("TLS 1.1",)
    assert endpoint.texts("approved_groups") == ("secp256r1",)
    assert (endpoint.text("completes_without_ems"), endpoint.text("resumes_without_ems")) == (
        "no",
        "",
    )
    assert (leaf.kind, leaf.text("subject")) == (FactKind.TLS_CERTIFICATE, "CN=a")
    assert leaf.texts("unapproved") == ("RSA key of 1024 bits",)
    assert issuer.texts("unapproved") == ()


def test_everything_not_approved_is_marked() -> None:
    marked = Approval(table()).marked(SEEN)
    assert marked.unapproved == ("TLS 1.1", CHACHA13, "x25519", "ecdsa_sha1", "unheard_of")


def test_schemes_are_offered_in_the_versions_that_have_them() -> None:
    versions = {each.name: each.versions for each in offers(table()).signatures}
    assert versions["ecdsa_sha1"] == (0x303,)
    assert versions["ed25519"] == (0x303, 0x304)


def test_what_quantum_computers_do_not_break_is_marked() -> None:
    seen = TlsEndpoint(443, groups=("x25519", "X25519MLKEM768"), signatures=("mldsa65",))
    assert Approval(rules().tls).marked(seen).post_quantum == ("X25519MLKEM768", "mldsa65")
