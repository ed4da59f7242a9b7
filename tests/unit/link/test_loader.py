"""Which libraries a program would load: the cases of ld.so(8) and of musl."""

from __future__ import annotations

from scanner.facts import fact
from scanner.link.loader import Loader
from scanner.model import FactKind

from .worlds import elf, library, world

LIB = "/usr/lib/x86_64-linux-gnu"


def test_the_multiarch_folder_is_a_default() -> None:
    here = world(elf("/usr/bin/a", "libx.so.1"), library(f"{LIB}/libx.so.1"))
    assert list(Loader(here).closure("/usr/bin/a").loaded) == [f"{LIB}/libx.so.1"]


def test_links_lead_to_one_file() -> None:
    here = world(
        elf("/usr/bin/a", "libx.so.1"),
        library("/usr/lib/libx.so.1.2.3", soname="libx.so.1"),
        links=[("/lib", "usr/lib"), ("/usr/lib/libx.so.1", "libx.so.1.2.3")],
    )
    assert list(Loader(here).closure("/usr/bin/a").loaded) == ["/usr/lib/libx.so.1.2.3"]


def test_rpath_is_inherited_and_comes_before_ld_library_path() -> None:
    here = world(
        elf("/app/a", "libx.so", rpath=("$ORIGIN/lib",)),
        library("/app/lib/libx.so", "liby.so"),
        library("/app/lib/liby.so"),
        library("/env/liby.so"),
        env=[("LD_LIBRARY_PATH", "/env")],
    )
    assert "/app/lib/liby.so" in Loader(here).closure("/app/a").loaded


def test_runpath_is_not_inherited_and_comes_after_ld_library_path() -> None:
    here = world(
        elf("/app/a", "libx.so", "libz.so", runpath=("${ORIGIN}/lib",)),
        library("/app/lib/libx.so", "liby.so"),
        library("/app/lib/liby.so"),
        library("/app/lib/libz.so"),
        library("/env/libz.so"),
        env=[("LD_LIBRARY_PATH", "/env")],
    )
    closure = Loader(here).closure("/app/a")
    assert set(closure.loaded) == {"/app/lib/libx.so", "/env/libz.so"}
    assert closure.missing == (("/app/lib/libx.so", "liby.so"),)


def test_a_library_for_another_machine_is_passed_over() -> None:
    here = world(
        elf("/usr/bin/a", "libx.so.1"),
        library("/lib64/libx.so.1", machine="i386"),
        library("/usr/lib/libx.so.1"),
    )
    assert list(Loader(here).closure("/usr/bin/a").loaded) == ["/usr/lib/libx.so.1"]


def test_ld_so_conf_and_its_includes_are_followed() -> None:
    here = world(
        elf("/usr/bin/a", "libx.so.1"),
        library("/opt/x/libx.so.1"),
        fact(
            FactKind.LD_CONFIG, "/etc/ld.so.conf", form="glibc", includes=("ld.so.conf.d/*.conf",)
        ),
        fact(FactKind.LD_CONFIG, "/etc/ld.so.conf.d/x.conf", form="glibc", paths=("/opt/x",)),
    )
    assert list(Loader(here).closure("/usr/bin/a").loaded) == ["/opt/x/libx.so.1"]


def test_musl_has_its_own_folders() -> None:
    facts = (
        elf("/bin/a", "libx.so.1", interpreter="/lib/ld-musl-x86_64.so.1"),
        library("/usr/local/lib/libx.so.1"),
    )
    assert Loader(world(*facts)).closure("/bin/a").loaded == {"/usr/local/lib/libx.so.1": "/bin/a"}
    path_file = fact(FactKind.LD_CONFIG, "/etc/ld-musl-x86_64.path", form="musl", paths=("/only",))
    assert Loader(world(*facts, path_file)).closure("/bin/a").missing == (("/bin/a", "libx.so.1"),)


def test_circles_end() -> None:
    here = world(
        elf("/usr/bin/a", "liba.so"),
        library("/usr/lib/liba.so", "libb.so"),
        library("/usr/lib/libb.so", "liba.so"),
    )
    closure = Loader(here).closure("/usr/bin/a")
    assert closure.chain("/usr/lib/libb.so") == (
        "/usr/bin/a",
        "/usr/lib/liba.so",
        "/usr/lib/libb.so",
    )


def test_a_needed_path_is_taken_as_it_is() -> None:
    here = world(elf("/usr/bin/a", "/opt/libx.so"), library("/opt/libx.so"))
    assert list(Loader(here).closure("/usr/bin/a").loaded) == ["/opt/libx.so"]
