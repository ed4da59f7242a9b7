"""Where copies of OpenSSL look for a provider, and when that matters."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.model import Fact, FactKind
from scanner.simulate.openssl_copies import provider_places
from scanner.simulate.plan import Facts

SYSTEM = "/usr/lib/x86_64-linux-gnu/ossl-modules"
WHEEL = "/opt/pyca/cryptography/openssl/lib64/ossl-modules"


def code(
    folder: str, version: str = "3.5.9", form: str = "library", module: str = "openssl"
) -> Fact:
    return fact(
        FactKind.MODULE_CODE,
        f"{folder}/code",
        module=module,
        version=version,
        form=form,
        modules_dir=folder,
    )


def test_each_copy_has_its_place() -> None:
    facts = Facts([code(SYSTEM), code(WHEEL, "4.0.3", "static"), code(WHEEL + "/", "3.0.7")])
    assert provider_places(facts) == (f"{WHEEL}/fips.so", f"{SYSTEM}/fips.so")


@pytest.mark.parametrize(
    "other",
    [
        code(SYSTEM),  # the same library, as it is shared
        code(WHEEL, "1.1.1w"),  # knows no providers
        code(WHEEL, form="provider"),
        code(WHEEL, module="boringssl"),
        code("relative/ossl-modules"),
        code("/" + "x" * 500),
        code("/a\0b"),
        code(""),
    ],
)
def test_one_copy_needs_no_place_of_its_own(other: Fact) -> None:
    assert provider_places(Facts([code(SYSTEM), other])) == ()


def test_places_have_a_limit() -> None:
    many = [code(f"/opt/{number}/ossl-modules") for number in range(100)]
    assert len(provider_places(Facts(many))) == 8
