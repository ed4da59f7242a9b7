from datetime import date

from scanner.judge import MAX_EVIDENCE, judge
from scanner.model import CryptoUse, Module, UseKind
from scanner.rulebook import RuleBook


def test_evidence_holds_a_line_for_each_module() -> None:
    many = [
        CryptoUse(f"/a/{n}", UseKind.LINKED, Module("gnutls", "GnuTLS", "3.7.9", "/l.so"))
        for n in range(MAX_EVIDENCE + 5)
    ]
    late = CryptoUse("/z", UseKind.LINKED, Module("libgcrypt", "Libgcrypt", "1.10.1", "/g.so"))
    judgment = judge((*many, late), (), RuleBook.load(), date(2026, 11, 25))
    [found] = [each for each in judgment.findings if each.id == "module-not-validated"]
    assert len(found.locations) == MAX_EVIDENCE + 6
    assert len(found.evidence) == MAX_EVIDENCE
    assert found.evidence[-1].startswith("/z: Libgcrypt 1.10.1 (")
