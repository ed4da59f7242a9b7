"""What a container is given for the audit, and whose calls are said not to be seen."""

from __future__ import annotations

import pytest

from scanner.facts import fact
from scanner.model import Fact, FactKind, ImageConfig, Platform
from scanner.simulate.audit import audit_for
from scanner.simulate.audit.preload import JAVA_DEBUG, LIBRARY
from scanner.simulate.audit.record import PATH
from scanner.simulate.native import AUDIT, built
from scanner.simulate.plan import Facts

AMD64 = ImageConfig(Platform("linux", "amd64"), env=(("LD_PRELOAD", "/usr/lib/libjemalloc.so.2"),))
DYNAMIC = fact(FactKind.ELF, "/usr/bin/app", linkage="dynamic")


def use(path: str, kind: str, module: str, role: str = "workload") -> Fact:
    return fact(FactKind.USE, path, kind=kind, module=module, role=role)


@pytest.mark.skipif(not built("amd64", AUDIT).exists(), reason="not built")
def test_the_library_comes_after_what_the_image_preloads() -> None:
    audit = audit_for(Facts((DYNAMIC,)), AMD64)
    assert audit.useful
    assert audit.environment({"A": "b"}, AMD64) == {
        "A": "b",
        "LD_PRELOAD": f"/usr/lib/libjemalloc.so.2 {LIBRARY}",
    }
    assert set(audit.files) == {LIBRARY}
    assert audit.files[LIBRARY].startswith(b"\x7fELF")
    assert set(audit.shared) == {PATH}
    assert audit.gaps == ()


@pytest.mark.skipif(not built("amd64", AUDIT).exists(), reason="not built")
@pytest.mark.parametrize("architecture", ["amd64", "arm64"])
def test_the_library_asks_for_no_c_library(architecture: str) -> None:
    # It is loaded into programs of glibc and of musl, whose files have different names.
    content = built(architecture, AUDIT).read_bytes()
    assert b"dl_iterate_phdr\0" in content
    assert b"libc.so" not in content.replace(b"libc.so.6\0", b"")
    assert b"GLIBC_" not in content


def test_java_is_told_to_print_besides_what_the_run_tells_it() -> None:
    java = fact(FactKind.JAVA_RUNTIME, "/usr/lib/jvm/17", home="/usr/lib/jvm/17")
    served = use("/usr/lib/jvm/17/bin/java", "builtin", "openjdk-jce")
    audit = audit_for(Facts((java, served, use("/app.jar", "bundled", "bouncy-castle"))), AMD64)
    before = {"JAVA_TOOL_OPTIONS": "-Xmx1g"}
    assert audit.environment(before, AMD64) == {"JAVA_TOOL_OPTIONS": f"-Xmx1g {JAVA_DEBUG}"}
    assert audit.shared == {}
    assert audit.gaps == ()


def test_a_static_image_has_nothing_to_see_and_says_so() -> None:
    facts = (
        fact(FactKind.ELF, "/server", linkage="static"),
        use("/server", "builtin", "go-crypto"),
        use("/usr/bin/apt", "linked", "libsodium", role="tool"),
    )
    audit = audit_for(Facts(facts), AMD64)
    assert not audit.useful
    [gap] = audit.gaps
    assert "compiled into them: /server" in gap.reason
    assert "apt" not in gap.reason
    assert not gap.caps


def test_programs_with_other_libraries_are_named_with_these() -> None:
    facts = (
        use("/usr/bin/signal", "linked", "libsodium"),
        use("/usr/sbin/nginx", "linked", "openssl"),
        use("/app/x.so", "bundled", "openssl"),
        *(use(f"/usr/bin/node{n}", "static", "openssl") for n in range(9)),
    )
    compiled_in, others = audit_for(Facts(facts), AMD64).gaps
    assert compiled_in.reason.endswith("/usr/bin/node5 and 3 more")
    assert others.reason.endswith("does not stand before: /usr/bin/signal (libsodium)") or (
        "/usr/bin/signal (libsodium)" in others.reason
    )
    assert "nginx" not in compiled_in.reason + others.reason
    assert "/app/x.so" not in compiled_in.reason + others.reason


def test_an_architecture_without_a_build_is_a_gap() -> None:
    config = ImageConfig(Platform("linux", "s390x"))
    audit = audit_for(Facts((DYNAMIC,)), config)
    assert not audit.useful
    [gap] = audit.gaps
    assert "no interposer" in gap.reason
