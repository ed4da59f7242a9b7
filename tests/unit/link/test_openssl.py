"""In which state each OpenSSL of an image starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scanner.facts import fact
from scanner.link.openssl import link, served_by
from scanner.link.world import World
from scanner.model import Activation, Fact, FactKind

from .worlds import code, world

LIB = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
MODULES = "/usr/lib/x86_64-linux-gnu/ossl-modules"
FIPS_SO = f"{MODULES}/fips.so"
CONF = "/usr/lib/ssl/openssl.cnf"

FIPSMODULE = "[fips_sect]\nactivate = 1\nmodule-mac = 23:F5\n"
ACTIVE = (
    "openssl_conf = init\n.include /etc/ssl/fipsmodule.cnf\n[init]\nproviders = p\n"
    "alg_section = a\n[p]\nfips = fips_sect\nbase = b\n[b]\nactivate = 1\n"
    "[a]\ndefault_properties = fips=yes\n"
)
PLAIN = "openssl_conf = init\n[init]\nproviders = p\n[p]\ndefault = d\n[d]\nactivate = 1\n"


def libcrypto(
    version: str = "3.0.19",
    path: str = LIB,
    *,
    reads_flag: bool = False,
    openssl_dir: str = "/usr/lib/ssl",
) -> Fact:
    return code(
        path,
        "openssl",
        version,
        openssl_dir=openssl_dir,
        modules_dir=MODULES,
        reads_kernel_flag=reads_flag,
    )


def provider(version: str = "3.1.2", path: str = FIPS_SO) -> Fact:
    return code(path, "openssl-fips-provider", version, form="provider")


def config(text: str, path: str = CONF) -> Fact:
    return fact(FactKind.OPENSSL_CONFIG_FILE, path, text=text)


FIPSMODULE_CNF = config(FIPSMODULE, "/etc/ssl/fipsmodule.cnf")


def state(image: World, path: str = LIB) -> Fact:
    found = [each for each in link(image).facts if each.path == path]
    assert len(found) == 1
    return found[0]


def test_a_plain_debian_library_has_no_mode_at_all() -> None:
    # Debian's /usr/lib/ssl/openssl.cnf is a link to /etc/ssl.
    image = world(
        libcrypto(), config(PLAIN, "/etc/ssl/openssl.cnf"), links=[(CONF, "/etc/ssl/openssl.cnf")]
    )
    found = state(image)
    assert found.text("activation") == "none"
    assert found.text("config") == CONF
    assert found.text("config_file") == "/etc/ssl/openssl.cnf"
    assert found.flag("config_found")
    assert not found.text("provider")
    assert not found.flag("broken")


def test_a_provider_that_is_activated_and_required_is_on() -> None:
    found = state(world(libcrypto(), provider(), config(ACTIVE), FIPSMODULE_CNF))
    assert found.text("activation") == "on"
    assert found.flag("fips_activated")
    assert found.flag("fips_properties")
    assert found.flag("fipsmodule")
    assert (found.text("provider"), found.text("provider_version")) == (FIPS_SO, "3.1.2")
    assert found.text("provider_module") == "openssl-fips-provider"


def test_a_provider_that_merely_lies_there_is_off() -> None:
    found = state(world(libcrypto(), provider(), config(PLAIN)))
    assert found.text("activation") == "off"
    assert not found.flag("fips_activated")
    assert found.text("provider") == FIPS_SO


def test_required_and_absent_breaks_everything() -> None:
    found = state(world(libcrypto(), config(ACTIVE), FIPSMODULE_CNF))
    assert found.flag("broken")
    assert found.text("activation") == "off"
    assert MODULES in found.text("reason")


def test_a_missing_fipsmodule_breaks_everything_too() -> None:
    text = ACTIVE + "[fips_sect]\nactivate = 1\n"
    found = state(world(libcrypto(), provider(), config(text)))
    assert found.flag("broken")
    assert "fipsmodule.cnf" in found.text("reason")


def test_required_by_properties_alone_breaks_everything() -> None:
    text = "openssl_conf = i\n[i]\nalg_section = a\n[a]\nfips_mode = yes\n"
    assert state(world(libcrypto(), provider(), config(text))).flag("broken")


def test_activated_and_not_required_is_off() -> None:
    text = ACTIVE.replace("default_properties = fips=yes", "default_properties = ?fips=yes")
    found = state(world(libcrypto(), provider(), config(text), FIPSMODULE_CNF))
    assert found.text("activation") == "off"
    assert found.flag("fips_activated")
    assert not found.flag("fips_properties")


@pytest.mark.parametrize(
    ("version", "activation"), [("3.0.9", "on"), ("3.1.2", "off"), ("", "off")]
)
def test_the_provider_alone_is_enough_for_3_0_only(version: str, activation: str) -> None:
    text = ACTIVE.replace("alg_section = a\n", "")
    image = world(libcrypto(), provider(version), config(text), FIPSMODULE_CNF)
    assert state(image).text("activation") == activation


def test_a_configuration_that_the_scanner_did_not_see_leaves_it_open() -> None:
    text = PLAIN + ".include /srv/settings\n"
    image = world(libcrypto(), provider(), config(text), extra=["/srv/settings"])
    assert state(image).text("activation") == "unknown"
    missing = world(libcrypto(), provider(), config(text))
    assert state(missing).text("activation") == "off"


def test_the_environment_names_configuration_and_modules() -> None:
    image = world(
        libcrypto(),
        provider(path="/opt/m/fips.so"),
        config(PLAIN),
        config(ACTIVE, "/app/my.cnf"),
        FIPSMODULE_CNF,
        env=[("OPENSSL_CONF", "/app/my.cnf"), ("OPENSSL_MODULES", "/opt/m")],
    )
    found = state(image)
    assert found.text("activation") == "on"
    assert found.text("provider") == "/opt/m/fips.so"
    assert found.text("config") == "/app/my.cnf"


def test_openssl_conf_set_to_nothing_means_no_configuration() -> None:
    image = world(
        libcrypto(), provider(), config(ACTIVE), FIPSMODULE_CNF, env=[("OPENSSL_CONF", "")]
    )
    assert state(image).text("activation") == "off"


def test_relative_includes_start_at_the_working_directory() -> None:
    text = ACTIVE.replace("/etc/ssl/fipsmodule.cnf", "fipsmodule.cnf")
    image = world(libcrypto(), provider(), config(text), config(FIPSMODULE, "/srv/fipsmodule.cnf"))
    # OpenSSL gives up in silence at the section that the include would have brought.
    assert state(image).text("activation") == "off"
    assert "[fips_sect]" in state(image).text("reason")
    moved = replace(image, config=replace(image.config, working_dir="/srv"))
    assert state(moved).text("activation") == "on"


def test_a_syntax_error_voids_the_configuration() -> None:
    found = state(world(libcrypto(), provider(), config(ACTIVE + "oops\n"), FIPSMODULE_CNF))
    assert found.text("activation") == "off"
    assert "oops" in found.text("reason")


# --- builds that read the kernel flag ------------------------------------------------------


def test_a_build_that_reads_the_flag_follows_the_host() -> None:
    found = state(
        world(libcrypto(reads_flag=True), provider("3.0.7-395c1a240fbfffd8"), config(PLAIN))
    )
    assert found.text("activation") == "host"
    assert not found.flag("breaks_on_host")


def test_without_a_provider_it_breaks_on_a_fips_host() -> None:
    found = state(world(libcrypto(reads_flag=True), config(PLAIN)))
    assert found.text("activation") == "none"
    assert found.flag("breaks_on_host")
    assert not found.flag("broken")


@pytest.mark.parametrize(
    ("text", "breaks"),
    [
        ("config_diagnostics = 1\n" + PLAIN, True),
        ("config_diagnostics = 0\n" + PLAIN, False),
        (PLAIN, False),
        ("config_diagnostics = 1\n", False),
        ("", False),
    ],
)
def test_red_hats_library_misses_its_provider_only_in_a_strict_configuration(
    text: str, breaks: bool
) -> None:
    # Measured with AlmaLinux 9's libcrypto 3.5.1 and OPENSSL_FORCE_FIPS_MODE=1: without
    # diagnostics, or without a configuration, the default provider serves.
    library = libcrypto("3.5.1", reads_flag=True, openssl_dir="/etc/pki/tls")
    files = [config(text, "/etc/pki/tls/openssl.cnf")] if text else []
    found = state(world(library, *files))
    assert found.text("activation") == "none"
    assert found.flag("breaks_on_host") is breaks
    assert ("serves nothing there" in found.text("reason")) is breaks


def test_red_hats_provider_needs_no_fipsmodule() -> None:
    text = ACTIVE + "[fips_sect]\nactivate = 1\n"
    found = state(world(libcrypto(reads_flag=True), provider(), config(text)))
    assert found.text("activation") == "on"


@pytest.mark.parametrize(
    ("distribution", "value", "activation"),
    [
        ("rhel", "1", "on"),
        ("rhel", "0", "on"),
        ("azurelinux", "", "on"),
        ("ubuntu", "1", "on"),
        ("ubuntu", "0", "off"),
    ],
)
def test_forcing_means_what_the_distribution_makes_of_it(
    distribution: str, value: str, activation: str
) -> None:
    image = world(
        libcrypto(reads_flag=True),
        provider(),
        config(PLAIN),
        fact(FactKind.OS_RELEASE, "/etc/os-release", id=distribution),
        env=[("OPENSSL_FORCE_FIPS_MODE", value)],
    )
    assert state(image).text("activation") == activation


def test_forcing_means_nothing_to_an_upstream_build() -> None:
    image = world(libcrypto(), provider(), config(PLAIN), env=[("OPENSSL_FORCE_FIPS_MODE", "1")])
    assert state(image).text("activation") == "off"


def test_symcrypt_is_found_as_azure_linux_has_it() -> None:
    image = world(
        libcrypto("3.3.5", reads_flag=True),
        code(f"{MODULES}/symcryptprovider.so", "symcrypt", "1.8.0", form="provider"),
        config(PLAIN),
    )
    found = state(image)
    assert (found.text("provider_module"), found.text("activation")) == ("symcrypt", "host")


def test_legacy_is_no_fips_provider() -> None:
    text = PLAIN.replace("[p]\n", "[p]\nlegacy = l\n") + "[l]\nactivate = 1\n"
    image = world(
        libcrypto(),
        code(f"{MODULES}/legacy.so", "openssl", "3.0.19", form="provider"),
        config(text),
    )
    found = state(image)
    assert not found.text("provider")
    assert not found.flag("fips_activated")


# --- copies inside other files -------------------------------------------------------------


def test_a_wheel_looks_where_it_was_built() -> None:
    rust = "/app/cryptography/_rust.abi3.so"
    wheel = code(
        rust,
        "openssl",
        "4.0.3",
        form="static",
        openssl_dir="/opt/pyca/cryptography/openssl/ssl",
        modules_dir="/opt/pyca/cryptography/openssl/lib64/ossl-modules",
    )
    facts = (libcrypto(), provider(), config(ACTIVE), FIPSMODULE_CNF, wheel)
    image = world(*facts)
    assert state(image).text("activation") == "on"
    assert state(image, rust).text("activation") == "none"
    # A configuration named in the environment reaches the wheel as well, and breaks it.
    named = world(*facts, env=[("OPENSSL_CONF", CONF)])
    assert state(named).text("activation") == "on"
    assert state(named, rust).flag("broken")


def test_node_reads_a_section_of_its_own() -> None:
    node = code("/usr/local/bin/node", "openssl", "3.5.7", form="static", modules_dir=MODULES)
    facts = (
        node,
        fact(FactKind.RUNTIME, "/usr/local/bin/node", name="node", version=""),
        provider(),
        FIPSMODULE_CNF,
    )
    env = [("OPENSSL_CONF", CONF)]
    other = world(*facts, config(ACTIVE), env=env)
    assert state(other, node.path).text("activation") == "off"
    own = world(*facts, config(ACTIVE.replace("openssl_conf", "nodejs_conf")), env=env)
    assert state(own, node.path).text("activation") == "on"
    shared = world(*facts, config(ACTIVE), env=[*env, ("NODE_OPTIONS", "--openssl-shared-config")])
    assert state(shared, node.path).text("activation") == "on"


# --- 1.x -----------------------------------------------------------------------------------

OLD = "/usr/lib64/libcrypto.so.1.1.1k"
OLD_FIPS = code(
    OLD, "openssl", "1.1.1k", fips="FATAL FIPS SELFTEST FAILURE", reads_kernel_flag=True
)


def test_a_patched_1_1_1_with_its_checksum_follows_the_host() -> None:
    hmac = fact(
        FactKind.INTEGRITY_FILE,
        "/usr/lib64/.libcrypto.so.1.1.hmac",
        form="hmac",
        covers="/usr/lib64/libcrypto.so.1.1",
    )
    image = world(OLD_FIPS, hmac, links=[("/usr/lib64/libcrypto.so.1.1", "libcrypto.so.1.1.1k")])
    found = state(image, OLD)
    assert found.text("activation") == "host"
    assert not found.flag("breaks_on_host")


def test_a_patched_1_1_1_without_its_checksum_aborts_on_a_fips_host() -> None:
    found = state(world(OLD_FIPS), OLD)
    assert found.text("activation") == "off"
    assert found.flag("breaks_on_host")


def test_an_upstream_1_1_1_has_no_mode() -> None:
    assert state(world(code(OLD, "openssl", "1.1.1w")), OLD).text("activation") == "none"


# --- who serves ----------------------------------------------------------------------------


def test_the_provider_serves_where_there_is_one() -> None:
    image = world(libcrypto(), provider(), config(PLAIN))
    linked = World(image.facts.plus(link(image).facts), image.view, image.config, image.rules)
    served = served_by(linked, LIB)
    assert served is not None
    assert (served.module.id, served.module.path) == ("openssl-fips-provider", FIPS_SO)
    assert served.library is not None
    assert (served.library.id, served.library.path) == ("openssl", LIB)
    assert served.activation is Activation.OFF
    assert served_by(linked, "/elsewhere") is None


def test_the_library_serves_where_there_is_none() -> None:
    image = world(libcrypto(), config(PLAIN))
    linked = World(image.facts.plus(link(image).facts), image.view, image.config, image.rules)
    served = served_by(linked, LIB)
    assert served is not None
    assert (served.module.id, served.module.version) == ("openssl", "3.0.19")
    assert served.library is None
    assert served.activation is Activation.NONE
