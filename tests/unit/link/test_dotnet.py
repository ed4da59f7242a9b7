"""Which OpenSSL a .NET runtime loads."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.link import openssl
from scanner.link.dotnet import link
from scanner.link.world import Linked, World
from scanner.model import Activation, Fact, FactKind, UseKind

from .worlds import code, elf, library, world

LIB = "/usr/lib/x86_64-linux-gnu"


def runtime(version: str, root: str = "/usr/share/dotnet") -> tuple[Fact, Fact]:
    path = (
        f"{root}/shared/Microsoft.NETCore.App/{version}/"
        "libSystem.Security.Cryptography.Native.OpenSsl.so"
    )
    return (
        fact(FactKind.DOTNET_RUNTIME, path, version=version, framework="Microsoft.NETCore.App"),
        library(path, "libc.so.6"),
    )


def libraries(suffix: str, version: str, folder: str = LIB) -> tuple[Fact, ...]:
    return (
        library(f"{folder}/libssl.so.{suffix}", f"libcrypto.so.{suffix}"),
        library(f"{folder}/libcrypto.so.{suffix}"),
        code(f"{folder}/libcrypto.so.{suffix}", "openssl", version),
    )


def app(path: str, version: str, *packages: str) -> tuple[Fact, Fact]:
    name = path.rsplit("/", 1)[-1].removesuffix(".dll")
    base = path.removesuffix(".dll")
    return (
        fact(
            FactKind.DOTNET_APP,
            f"{base}.runtimeconfig.json",
            name=name,
            framework_version=version,
            self_contained=False,
        ),
        fact(FactKind.DOTNET_APP, f"{base}.deps.json", name=name, packages=packages),
    )


def run(*facts: Fact, env: tuple[tuple[str, str], ...] = (), extra: tuple[str, ...] = ()) -> Linked:
    image = world(*facts, env=env, extra=extra)
    states = openssl.link(image).facts
    return link(World(image.facts.plus(states), image.view, image.config, image.rules))


BOTH = (*libraries("3", "3.0.19"), *libraries("1.1", "1.1.1w"))


@pytest.mark.parametrize(
    ("version", "loaded"),
    [
        ("2.1.30", "libssl.so.1.1"),
        ("3.1.23", "libssl.so.1.1"),
        ("5.0.17", "libssl.so.1.1"),
        ("6.0.36", "libssl.so.3"),
        ("8.0.11", "libssl.so.3"),
        ("10.0.0-rc.1", "libssl.so.3"),
    ],
)
def test_the_order_changed_with_version_6(version: str, loaded: str) -> None:
    linked = run(*runtime(version), *BOTH)
    (state,) = linked.facts
    assert state.text("libssl") == f"{LIB}/{loaded}"


def test_2_1_prefers_1_0() -> None:
    linked = run(*runtime("2.1.30"), *BOTH, *libraries("1.0.2", "1.0.2u"))
    assert linked.facts[0].text("libssl").endswith("libssl.so.1.0.2")


@pytest.mark.parametrize(
    ("version", "variable", "loaded"),
    [
        ("8.0.11", "CLR_OPENSSL_VERSION_OVERRIDE", "libssl.so.1.1"),
        ("8.0.11", "DOTNET_OPENSSL_VERSION_OVERRIDE", "libssl.so.3"),
        ("10.0.1", "DOTNET_OPENSSL_VERSION_OVERRIDE", "libssl.so.1.1"),
    ],
)
def test_the_override_is_read_by_the_version_that_knows_it(
    version: str, variable: str, loaded: str
) -> None:
    linked = run(*runtime(version), *BOTH, env=((variable, "1.1"),))
    assert linked.facts[0].text("libssl") == f"{LIB}/{loaded}"


def test_an_override_that_leads_nowhere_falls_back_to_the_usual_order() -> None:
    linked = run(*runtime("8.0.11"), *BOTH, env=(("CLR_OPENSSL_VERSION_OVERRIDE", "48"),))
    state = linked.facts[0]
    assert state.text("override") == "48"
    assert state.text("libssl") == f"{LIB}/libssl.so.3"


def test_a_build_that_is_linked_tries_nothing_else() -> None:
    told, _elf = runtime("8.0.11")
    shim = library(told.path, "libssl.so.1.1", "libc.so.6")
    linked = run(told, shim, *BOTH, env=(("CLR_OPENSSL_VERSION_OVERRIDE", "3"),))
    assert linked.facts[0].text("libssl") == f"{LIB}/libssl.so.1.1"


def test_without_libssl_nothing_is_used_and_it_is_told() -> None:
    linked = run(*runtime("8.0.11"))
    assert linked.uses == ()
    assert linked.facts[0].text("libssl") == ""
    assert "fails" in linked.facts[0].text("reason")


def test_programs_use_the_openssl_of_the_runtime_they_start_on() -> None:
    linked = run(
        *runtime("6.0.36"),
        *runtime("8.0.11"),
        *BOTH,
        *app("/app/Web.dll", "8.0.0"),
        extra=("/app/Web.dll",),
    )
    uses = {each.consumer: each for each in linked.uses}
    assert uses["/app/Web.dll"].kind is UseKind.LOADED
    assert uses["/app/Web.dll"].module.id == "openssl"
    assert uses["/app/Web.dll"].module.version == "3.0.19"
    assert uses["/app/Web.dll"].activation is Activation.NONE
    # Nobody is seen to start on 6.0, so the runtime stands for itself.
    assert [each for each in uses if "6.0.36" in each]


def test_tools_of_the_sdk_are_no_programs() -> None:
    linked = run(
        *runtime("8.0.11"),
        *BOTH,
        *app("/usr/share/dotnet/sdk/8.0.404/dotnet.dll", "8.0.11"),
    )
    assert ["shared" in each.consumer for each in linked.uses] == [True]


def test_a_self_contained_program_starts_on_its_own_runtime() -> None:
    shim = "/app/libSystem.Security.Cryptography.Native.OpenSsl.so"
    linked = run(
        fact(FactKind.DOTNET_RUNTIME, shim, version="", framework=""),
        library(shim, "libc.so.6"),
        *app("/app/svc.dll", "5.0.17"),
        *BOTH,
        extra=("/app/svc.dll",),
    )
    assert linked.facts[0].text("libssl") == f"{LIB}/libssl.so.1.1"
    assert [each.consumer for each in linked.uses] == ["/app/svc.dll"]


def test_managed_crypto_is_a_use_of_its_own() -> None:
    linked = run(
        *runtime("8.0.11"),
        *libraries("3", "3.0.19"),
        *app("/app/Web.dll", "8.0.0", "BouncyCastle.Cryptography/2.4.0", "bc-fips/1.0.2"),
        extra=("/app/Web.dll",),
    )
    managed = {each.module.id: each for each in linked.uses if each.kind is UseKind.BUNDLED}
    assert managed["dotnet-bouncycastle"].module.version == "2.4.0"
    assert managed["dotnet-bouncycastle"].activation is Activation.NONE
    assert managed["dotnet-bc-fips"].activation is Activation.UNKNOWN


# --- programs in one file --------------------------------------------------------------------


def single_file(
    path: str, version: str, variable: str, *, calls: str = "", needs: tuple[str, ...] = ()
) -> tuple[Fact, ...]:
    return (
        elf(path, "libc.so.6"),
        fact(
            FactKind.DOTNET_APP,
            path,
            name="svc",
            framework_version=version,
            self_contained=True,
            form="single-file",
            calls_crypto=calls,
            needs=needs,
        ),
        fact(FactKind.DOTNET_RUNTIME, path, version=version, form="single-file", override=variable),
    )


def test_a_single_file_program_loads_openssl_itself() -> None:
    found = run(*BOTH, *single_file("/app/svc", "8.0.28", "CLR_OPENSSL_VERSION_OVERRIDE"))
    (use,) = found.uses
    assert (use.consumer, use.kind, use.module.version) == ("/app/svc", UseKind.LOADED, "3.0.19")


@pytest.mark.parametrize(
    ("variable", "version"),
    [("CLR_OPENSSL_VERSION_OVERRIDE", "3.0.19"), ("DOTNET_OPENSSL_VERSION_OVERRIDE", "1.1.1w")],
)
def test_only_the_variable_in_its_bytes_counts(variable: str, version: str) -> None:
    program = single_file("/app/svc", "10.0.5", "DOTNET_OPENSSL_VERSION_OVERRIDE")
    found = run(*BOTH, *program, env=((variable, "1.1"),))
    assert [use.module.version for use in found.uses] == [version]


def test_a_trimmed_program_that_cannot_call_openssl_uses_none() -> None:
    found = run(*BOTH, *single_file("/app/svc", "8.0.28", "", calls="no"))
    assert found.uses == ()
    assert found.facts == ()


def test_a_library_that_a_native_library_inside_needs() -> None:
    found = run(*BOTH, *single_file("/app/svc", "8.0.28", "", needs=("libcrypto.so.3",)))
    assert {use.kind for use in found.uses} == {UseKind.LOADED, UseKind.LINKED}


def test_a_single_file_program_that_needs_a_shared_runtime() -> None:
    alone = fact(
        FactKind.DOTNET_APP,
        "/app/svc",
        name="svc",
        framework_version="8.0.0",
        self_contained=False,
        form="single-file",
    )
    found = run(*BOTH, *runtime("8.0.11"), elf("/app/svc", "libc.so.6"), alone)
    assert [use.consumer for use in found.uses] == ["/app/svc"]


def test_one_program_does_not_lend_its_runtime_to_its_neighbor() -> None:
    found = run(
        *BOTH,
        *single_file("/app/svc", "8.0.28", ""),
        *app("/app/other.dll", "8.0.0"),
        extra=("/app/other.dll",),
    )
    assert [use.consumer for use in found.uses] == ["/app/svc"]


def test_no_libssl_in_a_chiselled_image() -> None:
    found = run(*single_file("/app/svc", "8.0.28", ""))
    (state,) = found.facts
    assert (state.text("libssl"), state.text("activation")) == ("", "none")
    assert found.uses == ()


# --- managed code without a deps.json ---------------------------------------------------------


def assembly(path: str, name: str, version: str) -> Fact:
    return fact(FactKind.PE, path, managed=True, assembly=name, assembly_version=version)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("BouncyCastle.Crypto", "dotnet-bouncycastle"),
        ("BouncyCastle.Cryptography", "dotnet-bouncycastle"),
        ("bc-fips-1.0.2", "dotnet-bc-fips"),
    ],
)
def test_an_assembly_tells_itself(name: str, module: str) -> None:
    found = run(assembly(f"/app/{name}.dll", name, "1.9.0.0"))
    (use,) = found.uses
    assert (use.consumer, use.module.id) == (f"/app/{name}.dll", module)


def test_an_assembly_beside_a_program_is_the_programs() -> None:
    found = run(
        *app("/app/svc.dll", "8.0.0"),
        assembly("/app/BouncyCastle.Crypto.dll", "BouncyCastle.Crypto", "1.9.0.0"),
        extra=("/app/svc.dll",),
    )
    assert [use.consumer for use in found.uses] == ["/app/svc.dll"]


def test_an_assembly_that_the_deps_json_names_is_told_once() -> None:
    found = run(
        *app("/app/svc.dll", "8.0.0", "BouncyCastle.Cryptography/2.4.0"),
        assembly("/app/BouncyCastle.Cryptography.dll", "BouncyCastle.Cryptography", "2.0.0.0"),
        extra=("/app/svc.dll",),
    )
    assert [use.module.version for use in found.uses] == ["2.4.0"]


def test_an_assembly_that_only_calls_bouncy_castle_is_none() -> None:
    found = run(
        fact(
            FactKind.PE,
            "/app/x.dll",
            managed=True,
            assembly="MimeKit",
            references=("BouncyCastle.Cryptography",),
        )
    )
    assert found.uses == ()


def test_a_library_of_nativeaot_serves_itself_alone() -> None:
    path = "/app/native.so"
    found = run(
        *BOTH,
        library(path, "libc.so.6"),
        fact(FactKind.DOTNET_APP, path, name="native.so", form="native-aot", self_contained=True),
        fact(FactKind.DOTNET_RUNTIME, path, version="", form="native-aot", override=""),
        *app("/app/other.dll", "8.0.0"),
        extra=("/app/other.dll",),
    )
    assert [use.consumer for use in found.uses] == [path]
