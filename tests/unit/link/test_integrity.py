"""Whether modules are as they were when their checksums were made."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.facts import fact
from scanner.formats.checksums import read_chk
from scanner.link.integrity import link
from scanner.link.openssl import link as link_openssl
from scanner.link.world import World
from scanner.model import Fact, FactKind

from .test_openssl import ACTIVE, FIPS_SO, PLAIN, config, libcrypto, provider
from .worlds import world

MAC = "23f5" + "00" * 30
OTHER = "24f5" + "00" * 30
COLONS = ":".join(MAC[at : at + 2] for at in range(0, 64, 2)).upper()
FIPSMODULE = config(
    f"[fips_sect]\nactivate = 1\nmodule-mac = {COLONS}\n", "/etc/ssl/fipsmodule.cnf"
)
FIXTURES = Path(__file__).parents[2] / "fixtures" / "integrity"
GCRYPT = "/usr/lib64/libgcrypt.so.20.4.1"
GNUTLS = "/usr/lib64/libgnutls.so.30.37.1"
NETTLE = "/usr/lib64/libnettle.so.8.8"
SOFTOKEN = "/usr/lib64/libsoftokn3.so"
DIGEST = "5f3707ba2c0ee6c0cbc1863b25181511ead7d6b142549b4b3295b658943eb0b0"


def hashed(path: str, form: str, computed: str = MAC, *, stored: str = "", key: str = "") -> Fact:
    return fact(FactKind.INTEGRITY, path, form=form, computed=computed, stored=stored, key=key)


def beside(path: str, covers: str, *says: str, form: str = "hmac") -> Fact:
    return fact(FactKind.INTEGRITY_FILE, path, form=form, covers=covers, says=says)


def of_provider(computed: str = MAC, *, stored: str = "", key: str = "openssl") -> Fact:
    return hashed(FIPS_SO, "openssl-provider", computed, stored=stored, key=key)


def states(image: World) -> dict[str, tuple[str, str]]:
    return {each.path: (each.text("state"), each.text("stored_in")) for each in link(image).facts}


def openssl_image(*facts: Fact, text: str = ACTIVE) -> World:
    image = world(libcrypto(), provider(), config(text), *facts)
    return image.plus(link_openssl(image).facts)


@pytest.mark.parametrize(("computed", "state"), [(MAC, "intact"), (OTHER, "altered")])
def test_a_provider_is_compared_with_what_the_configuration_says(computed: str, state: str) -> None:
    image = openssl_image(of_provider(computed), FIPSMODULE)
    assert states(image) == {FIPS_SO: (state, "/usr/lib/ssl/openssl.cnf")}
    (found,) = link(image).facts
    assert MAC[:16] in found.evidence[0]
    assert computed[:16] in found.evidence[0]


def test_a_configuration_that_is_not_in_effect_says_nothing() -> None:
    image = openssl_image(of_provider(OTHER), FIPSMODULE, text=PLAIN)
    assert states(image) == {FIPS_SO: ("unknown", "")}


def test_a_listed_provider_without_checksum_lacks_it() -> None:
    text = ACTIVE.replace(".include /etc/ssl/fipsmodule.cnf\n", "") + "[fips_sect]\nactivate = 1\n"
    image = openssl_image(of_provider(), text=text)
    assert states(image) == {FIPS_SO: ("missing", "")}


@pytest.mark.parametrize(
    ("stored", "state"), [(MAC, "intact"), (OTHER, "altered"), ("0" * 64, "missing")]
)
def test_red_hats_provider_carries_its_own(stored: str, state: str) -> None:
    image = openssl_image(of_provider(stored=stored), FIPSMODULE)
    assert states(image) == {FIPS_SO: (state, FIPS_SO)}


def test_a_provider_with_another_key_is_unknown_and_never_altered() -> None:
    image = openssl_image(of_provider("", key=""), FIPSMODULE)
    assert states(image) == {FIPS_SO: ("unknown", "")}


@pytest.mark.parametrize(("says", "state"), [(MAC, "intact"), (OTHER, "altered")])
def test_a_hidden_file_covers_the_library_by_any_of_its_names(says: str, state: str) -> None:
    file = "/usr/lib64/.libgcrypt.so.20.hmac"
    image = world(
        hashed(GCRYPT, "hmac", key="libgcrypt"),
        beside(file, "/usr/lib64/libgcrypt.so.20", says),
        links=[("/usr/lib64/libgcrypt.so.20", GCRYPT)],
    )
    assert states(image) == {GCRYPT: (state, file)}


def test_a_library_that_checks_itself_needs_the_file() -> None:
    assert states(world(hashed(GCRYPT, "hmac", key="libgcrypt"))) == {GCRYPT: ("missing", "")}


def test_one_file_of_gnutls_covers_what_it_is_built_on() -> None:
    file = "/usr/lib64/.libgnutls.so.30.hmac"
    said = beside(file, "/usr/lib64/libgnutls.so.30", f"{GNUTLS}={MAC}", f"{NETTLE}={OTHER}")
    gnutls = hashed(GNUTLS, "hmac", key="fipscheck")
    image = world(gnutls, hashed(NETTLE, "hmac"), said)
    assert states(image) == {GNUTLS: ("intact", file), NETTLE: ("altered", file)}
    # Without a GnuTLS that holds the usual key, nobody knows how nettle's was made.
    assert states(world(hashed(NETTLE, "hmac"), said)) == {NETTLE: ("unknown", file)}


def test_nothing_is_said_of_a_nettle_that_nobody_checks() -> None:
    assert states(world(hashed(NETTLE, "hmac"))) == {}


@pytest.mark.parametrize(
    ("computed", "state"), [(DIGEST, "intact"), (DIGEST[:-1] + "1", "altered")]
)
def test_debians_softoken_is_compared_with_its_signature(computed: str, state: str) -> None:
    says = read_chk((FIXTURES / "debian12-libsoftokn3.chk").read_bytes())
    file = beside("/usr/lib64/libsoftokn3.chk", SOFTOKEN, *says, form="chk")
    image = world(hashed(SOFTOKEN, "chk", computed), file)
    assert states(image) == {SOFTOKEN: (state, "/usr/lib64/libsoftokn3.chk")}


def test_a_checksum_with_a_key_of_its_own_stays_unknown() -> None:
    says = read_chk((FIXTURES / "debian13-libsoftokn3.chk").read_bytes())
    file = beside("/usr/lib64/libsoftokn3.chk", SOFTOKEN, *says, form="chk")
    assert states(world(hashed(SOFTOKEN, "chk"), file))[SOFTOKEN][0] == "unknown"


def test_softoken_without_its_file_lacks_it() -> None:
    assert states(world(hashed(SOFTOKEN, "chk")))[SOFTOKEN][0] == "missing"
