"""Which calls of the algorithm audit tell of trouble, and in which order they are shown.

Lays nothing out.
"""

from __future__ import annotations

from scanner.model import AlgorithmCall

_LOOK_UPS = frozenset({"EVP_get_digestbyname", "EVP_get_cipherbyname"})
SETTINGS = ("SSL_CTX_", "SSL_set_", "SSL_ctrl", "gnutls_priority_", "OSSL_PROVIDER_", "FIPS_mode")
"""How functions begin that are given lists and settings, which no rule can know."""


def matters(call: AlgorithmCall) -> bool:
    """Whether it was refused, or is not approved and for security."""
    # What is said not to be for security, and what the scanner's own clients chose, is apart; a
    # name that was looked up and found computes nothing.
    if "(" in call.api or (call.api in _LOOK_UPS and not call.failed):
        return False
    return call.failed > 0 or call.approved is False


def rank_of(call: AlgorithmCall) -> tuple[int, str, str, str]:
    """Not approved and granted first, then refused, then the others."""
    granted = call.approved is False and call.failed < call.count
    order = 0 if granted and matters(call) else 1 if call.failed else 2
    return (order, call.program, call.algorithm, call.api)
