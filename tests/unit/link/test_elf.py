"""Who uses which crypto library."""

from __future__ import annotations

from scanner.facts import fact
from scanner.link import elf as elf_linker
from scanner.link import link as link_all
from scanner.link import openssl
from scanner.link.world import World
from scanner.model import Activation, CryptoUse, Fact, FactKind, UseKind

from .worlds import code, elf, library, world

LIB = "/usr/lib/x86_64-linux-gnu"


def uses(of: World) -> list[CryptoUse]:
    derived = openssl.link(of)
    return list(
        elf_linker.link(World(of.facts.plus(derived.facts), of.view, of.config, of.rules)).uses
    )


def test_a_program_uses_a_library_through_another() -> None:
    found = uses(
        world(
            elf("/usr/sbin/nginx", "libssl.so.3"),
            library(f"{LIB}/libssl.so.3", "libcrypto.so.3"),
            library(f"{LIB}/libcrypto.so.3"),
            code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
        )
    )
    [use] = found
    assert (use.consumer, use.kind, use.module.id) == ("/usr/sbin/nginx", UseKind.LINKED, "openssl")
    assert use.evidence[0] == "nginx → libssl.so.3 → libcrypto.so.3"


def test_a_library_that_no_program_reaches_is_no_use() -> None:
    assert not uses(
        world(
            elf("/usr/bin/true"),
            library(f"{LIB}/libcrypto.so.3"),
            library(f"{LIB}/ossl-modules/legacy.so", "libcrypto.so.3"),
            code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
        )
    )


def test_an_extension_module_is_a_user_of_its_own() -> None:
    extension = "/usr/lib/python3.11/lib-dynload/_hashlib.so"
    found = uses(
        world(
            elf("/usr/bin/python3.11"),
            library(extension, "libcrypto.so.3"),
            library(f"{LIB}/libcrypto.so.3"),
            code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
        )
    )
    assert [use.consumer for use in found] == [extension]


def test_a_library_behind_an_extension_module_is_not_a_user_itself() -> None:
    found = uses(
        world(
            library("/app/x.node", "libssl.so.3"),
            library(f"{LIB}/libssl.so.3", "libcrypto.so.3"),
            library(f"{LIB}/libcrypto.so.3"),
            code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
        )
    )
    assert [use.consumer for use in found] == ["/app/x.node"]


def test_nettle_behind_gnutls_is_not_another_use() -> None:
    found = uses(
        world(
            elf("/usr/bin/wget", "libgnutls.so.30"),
            library(f"{LIB}/libgnutls.so.30", "libnettle.so.8"),
            library(f"{LIB}/libnettle.so.8"),
            code(f"{LIB}/libgnutls.so.30", "gnutls", "3.7.9"),
            code(f"{LIB}/libnettle.so.8", "nettle", "3.8"),
        )
    )
    assert [use.module.id for use in found] == ["gnutls"]


def test_a_program_that_asks_for_nettle_itself_uses_both() -> None:
    found = uses(
        world(
            elf("/usr/bin/wget", "libgnutls.so.30", "libnettle.so.8"),
            library(f"{LIB}/libgnutls.so.30", "libnettle.so.8"),
            library(f"{LIB}/libnettle.so.8"),
            code(f"{LIB}/libgnutls.so.30", "gnutls", "3.7.9"),
            code(f"{LIB}/libnettle.so.8", "nettle", "3.8"),
        )
    )
    assert {use.module.id for use in found} == {"gnutls", "nettle"}


def test_code_compiled_into_a_program_is_a_static_use() -> None:
    [use] = uses(
        world(
            elf("/app/server", linkage="static"),
            code("/app/server", "boringssl", form="static"),
        )
    )
    assert (use.kind, use.module.path) == (UseKind.STATIC, "/app/server")


def test_a_wheels_own_copy_is_bundled() -> None:
    folder = "/usr/lib/python3/dist-packages/psycopg2_binary.libs"
    bundled = f"{folder}/libcrypto-1a2b3c4d.so.3"
    [use] = uses(
        world(
            library(
                "/usr/lib/python3/dist-packages/psycopg2/_psycopg.so",
                "libcrypto-1a2b3c4d.so.3",
                runpath=("$ORIGIN/../psycopg2_binary.libs",),
            ),
            library(bundled),
            code(bundled, "openssl", "3.5.8", hashed_name=True),
        )
    )
    assert (use.kind, use.consumer.rpartition("/")[2]) == (UseKind.BUNDLED, "_psycopg.so")


def test_the_provider_is_the_module_that_is_asked_about() -> None:
    [use] = uses(
        world(
            elf("/usr/bin/app", "libcrypto.so.3"),
            library(f"{LIB}/libcrypto.so.3"),
            library(f"{LIB}/ossl-modules/fips.so"),
            code(
                f"{LIB}/libcrypto.so.3",
                "openssl",
                "3.0.20",
                modules_dir=f"{LIB}/ossl-modules",
                openssl_dir="/usr/lib/ssl",
            ),
            code(f"{LIB}/ossl-modules/fips.so", "openssl-fips-provider", "3.1.2", form="provider"),
        )
    )
    assert (use.module.id, use.module.version) == ("openssl-fips-provider", "3.1.2")
    assert use.library is not None
    assert use.library.id == "openssl"
    assert use.activation is Activation.OFF


def test_libgcrypt_follows_the_node_when_its_build_reads_the_flag() -> None:
    path = f"{LIB}/libgcrypt.so.20"
    facts = (elf("/usr/bin/app", "libgcrypt.so.20"), library(path))
    [follows] = uses(world(*facts, code(path, "libgcrypt", "1.10.1", reads_kernel_flag=True)))
    assert follows.activation is Activation.HOST
    [forced] = uses(
        world(
            *facts,
            code(path, "libgcrypt", "1.10.1", reads_kernel_flag=True),
            env=[("LIBGCRYPT_FORCE_FIPS_MODE", "1")],
        )
    )
    assert forced.activation is Activation.ON


def test_a_missing_crypto_library_is_named() -> None:
    linked = elf_linker.link(
        world(
            elf("/app/a", "libcrypto.so.1.1", "libwhatever.so"),
            elf("/app/b", "libcrypto.so.3"),
            library(f"{LIB}/libcrypto.so.3"),
            code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
        )
    )
    assert [(each.path, each.text("needed")) for each in linked.facts] == [
        ("/app/a", "libcrypto.so.1.1")
    ]
    assert linked.facts[0].kind is FactKind.LIBRARY_MISSING
    assert fact(FactKind.LIBRARY_MISSING, "/x", needed="y").text("needed") == "y"


def symbols(path: str, module: str, *names: str) -> Fact:
    return fact(FactKind.CRYPTO_SYMBOLS, path, module=module, direction="imports", symbols=names)


def test_who_only_hashes_is_told_by_what_is_imported() -> None:
    files = (
        elf("/usr/bin/sum", "libcrypto.so.3"),
        library(f"{LIB}/libcrypto.so.3"),
        code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
    )
    [unknown] = uses(world(*files))
    assert unknown.purpose == "crypto"
    [hashes] = uses(world(*files, symbols("/usr/bin/sum", "openssl", "EVP_Digest", "EVP_sha256")))
    assert hashes.purpose == "hash-only"
    [more] = uses(world(*files, symbols("/usr/bin/sum", "openssl", "EVP_Digest", "RAND_bytes")))
    assert more.purpose == "crypto"


def test_one_that_only_hashes_does_not_speak_for_another() -> None:
    [use] = uses(
        world(
            elf("/usr/bin/app", "libcrypto.so.3", "libhash.so.1"),
            library(f"{LIB}/libhash.so.1", "libcrypto.so.3"),
            library(f"{LIB}/libcrypto.so.3"),
            code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
            symbols(f"{LIB}/libhash.so.1", "openssl", "SHA256_Update"),
            symbols("/usr/bin/app", "openssl", "EVP_EncryptInit_ex"),
        )
    )
    assert use.purpose == "crypto"


def test_a_module_in_several_libraries_is_one_use() -> None:
    [use] = uses(
        world(
            elf("/usr/bin/app", "libmbedtls.so.14", "libmbedcrypto.so.7"),
            library(f"{LIB}/libmbedtls.so.14", "libmbedcrypto.so.7"),
            library(f"{LIB}/libmbedcrypto.so.7"),
            code(f"{LIB}/libmbedtls.so.14", "mbedtls"),
            code(f"{LIB}/libmbedcrypto.so.7", "mbedtls", "2.28.3"),
        )
    )
    assert (use.module.version, use.module.path) == ("2.28.3", f"{LIB}/libmbedcrypto.so.7")
    assert use.activation is Activation.NONE


def test_engines_and_providers_are_no_users_of_their_library() -> None:
    assert not uses(
        world(
            library(f"{LIB}/engines-3/padlock.so", "libcrypto.so.3", soname=""),
            library(f"{LIB}/ossl-modules/legacy.so", "libcrypto.so.3", soname=""),
            library(f"{LIB}/libssl.so.3", "libcrypto.so.3"),
            library(f"{LIB}/libcrypto.so.3"),
            code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
        )
    )


def test_a_library_in_a_system_folder_that_nobody_loads_has_no_known_user() -> None:
    files = (
        library(f"{LIB}/libssl.so.3", "libcrypto.so.3"),
        library(f"{LIB}/libcrypto.so.3"),
        code(f"{LIB}/libcrypto.so.3", "openssl", "3.0.20"),
    )
    [lone] = uses(world(library(f"{LIB}/libcurl.so.4", "libssl.so.3"), *files))
    assert (lone.consumer, lone.purpose) == (f"{LIB}/libcurl.so.4", "unknown")
    [own] = uses(world(library("/app/libmine.so", "libssl.so.3"), *files))
    assert own.purpose == "crypto"


def test_what_serves_rustls_is_the_module_and_rustls_is_not() -> None:
    found = uses(
        world(
            elf("/app/uv"),
            code("/app/uv", "rustls", "0.23.46", form="static"),
            code("/app/uv", "aws-lc", form="static"),
        )
    )
    assert [use.module.id for use in found] == ["aws-lc"]
    [alone] = uses(world(elf("/app/x"), code("/app/x", "rustls", "0.23.46", form="static")))
    assert alone.module.id == "rustls"


def test_tls_on_top_of_a_libcrypto_is_not_another_use() -> None:
    found = uses(
        world(
            elf("/app/proxy", "libs2n.so.1"),
            library("/usr/lib/libs2n.so.1", "libcrypto.so.3"),
            library("/usr/lib/libcrypto.so.3"),
            code("/usr/lib/libs2n.so.1", "s2n"),
            code("/usr/lib/libcrypto.so.3", "openssl", "3.0.20"),
        )
    )
    assert [use.module.id for use in found] == ["openssl"]
    assert found[0].evidence[0] == "proxy → libs2n.so.1 → libcrypto.so.3"


def test_boringcrypto_outside_go_is_a_static_use_with_its_mode_on() -> None:
    [use] = uses(
        world(elf("/usr/bin/envoy"), code("/usr/bin/envoy", "boringcrypto", form="static"))
    )
    assert (use.kind, use.activation) == (UseKind.STATIC, Activation.ON)
    in_go = fact(FactKind.GO_BUILD, "/app/go", boring_code="present")
    assert not uses(world(elf("/app/go"), code("/app/go", "boringcrypto", form="static"), in_go))


def test_a_gnutls_without_fips_code_has_no_mode_whatever_is_set() -> None:
    path = f"{LIB}/libgnutls.so.30"
    files = (elf("/usr/bin/wget", "libgnutls.so.30"), library(path))
    env = [("GNUTLS_FORCE_FIPS_MODE", "1")]
    [plain] = uses(world(*files, code(path, "gnutls", "3.7.9"), env=env))
    assert plain.activation is Activation.NONE
    fips = code(path, "gnutls", "3.8.3", fips="GNUTLS_FORCE_FIPS_MODE", reads_kernel_flag=True)
    [forced] = uses(world(*files, fips, env=env))
    assert forced.activation is Activation.ON
    [host] = uses(world(*files, fips))
    assert host.activation is Activation.HOST


def test_libgcrypt_is_switched_on_by_its_file() -> None:
    path = f"{LIB}/libgcrypt.so.20"
    [use] = uses(
        world(
            elf("/usr/bin/gpg", "libgcrypt.so.20"),
            library(path),
            code(path, "libgcrypt", "1.10.1", reads_kernel_flag=True),
            extra=["/etc/gcrypt/fips_enabled"],
        )
    )
    assert use.activation is Activation.ON


def test_who_brought_a_library_decides_whether_it_is_bundled() -> None:
    def kind(path: str, *more: Fact, modules_dir: str = "") -> UseKind:
        folder = path.rpartition("/")[0]
        [use] = uses(
            world(
                elf("/app/server", path.rpartition("/")[2], runpath=(folder,)),
                library(path),
                code(path, "openssl", "3.1.2", modules_dir=modules_dir),
                *more,
            )
        )
        return use.kind

    assert kind("/usr/local/lib/libcrypto.so.3") is UseKind.LINKED
    assert kind("/usr/lib64/libcrypto.so.3") is UseKind.LINKED
    assert kind("/app/lib/libcrypto.so.3") is UseKind.BUNDLED
    assert kind("/usr/lib/node_modules/x/libcrypto.so.3") is UseKind.BUNDLED
    owned = fact(
        FactKind.PACKAGE_FILES,
        "/var/lib/dpkg/info/x.list",
        manager="dpkg",
        name="x",
        files=("/opt/x/libcrypto.so.3",),
    )
    assert kind("/opt/x/libcrypto.so.3", owned) is UseKind.LINKED
    modules = "/opt/ssl/lib/ossl-modules"
    provider = code(f"{modules}/fips.so", "openssl-fips-provider", "3.1.2", form="provider")
    own_setup = (library(f"{modules}/fips.so"), provider)
    assert kind("/opt/ssl/lib/libcrypto.so.3", *own_setup, modules_dir=modules) is UseKind.LINKED


def test_a_library_that_nothing_names_is_a_gap_and_not_silence() -> None:
    path = "/usr/lib/libcrypto.so.3"
    here = world(elf("/dl"), library(path), code(path, "openssl", "3.0.20"))
    _, found, gaps = link_all(here.facts, here.view, here.config, here.rules)
    assert found == ()
    assert [(gap.subject, gap.caps) for gap in gaps] == [(path, True)]
