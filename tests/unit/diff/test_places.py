import pytest

from scanner.diff.places import paired, repository_of, without_versions


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/usr/lib/python3.11/ssl.py", "/usr/lib/python3.13/ssl.py"),
        ("/usr/lib/libgnutls.so.30.34.3", "/usr/lib/libgnutls.so.30.40.3"),
        ("/usr/lib/libcrypto.so.1.1", "/usr/lib/libcrypto.so.3"),
        ("/l/_ssl.cpython-311-x86_64-linux-gnu.so", "/l/_ssl.cpython-313-x86_64-linux-gnu.so"),
        ("/app/lib/bcprov-jdk18on-1.78.jar", "/app/lib/bcprov-jdk18on-1.79.1.jar"),
        (
            "/usr/lib/jvm/java-17-openjdk-amd64/bin/java",
            "/usr/lib/jvm/java-21-openjdk-amd64/bin/java",
        ),
        ("/opt/jdk-17.0.9+9/lib/modules", "/opt/jdk-17.0.10+7/lib/modules"),
        ("/s/cryptography-42.0.5.dist-info/RECORD", "/s/cryptography-43.0.0rc1.dist-info/RECORD"),
        ("/s/c.libs/libcrypto-81ffa89e.so.3", "/s/c.libs/libcrypto-0badc0de.so.3"),
        ("/usr/lib/postgresql/15/bin/psql", "/usr/lib/postgresql/17/bin/psql"),
        (
            "/nix/store/0i5nl6cwhzgzrjs1cw5q5mw6jhsf7ng0-openssl-3.0.12/lib/libssl.so.3",
            "/nix/store/zz5nl6cwhzgzrjs1cw5q5mw6jhsf7ngz-openssl-3.0.13/lib/libssl.so.3",
        ),
        ("/a.jar!/META-INF/lib/x-1.0.jar", "/a.jar!/META-INF/lib/x-1.1.jar"),
    ],
)
def test_paths_that_differ_in_versions_are_the_same_place(old: str, new: str) -> None:
    assert without_versions(old) == without_versions(new)
    assert paired([old], [new]).pairs == ((old, new),)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/app/md5.py", "/app/md4.py"),
        ("/app/sha1.js", "/app/sha256.js"),
        ("/app/plugin1.so", "/app/plugin2.so"),
        ("/lib/a.so", "/lib64/a.so"),
        ("/usr/bin/python2", "/usr/bin/python3"),
        ("/etc/ssh/ssh_host_ed25519_key", "/etc/ssh/ssh_host_rsa_key"),
        ("/usr/lib/libssl.so.3", "/usr/lib/libcrypto.so.3"),
        ("/opt/deadbeef", "/opt/deadbeat"),
    ],
)
def test_names_with_digits_are_no_versions(old: str, new: str) -> None:
    assert paired([old], [new]).pairs == ()


def test_equal_places_are_paired_before_alike_ones() -> None:
    found = paired(["/a-1.0", "/a-2.0"], ["/a-2.0", "/a-3.0"])
    assert found.pairs == (("/a-2.0", "/a-2.0"), ("/a-1.0", "/a-3.0"))
    assert found.moved == (("/a-1.0", "/a-3.0"),)


def test_one_more_than_there_was_is_new_whichever_it_is() -> None:
    found = paired(["/a-1.0"], ["/a-2.0", "/a-3.0"])
    assert found.pairs == ()
    assert (found.removed, found.added) == (("/a-1.0",), ("/a-2.0", "/a-3.0"))
    found = paired(["/a-1.0", "/a-2.0"], ["/a-3.0"])
    assert (found.pairs, found.removed) == ((("/a-1.0", "/a-3.0"),), ("/a-2.0",))


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27", "nginx"),
        ("docker:nginx:1.27@sha256:00", "nginx"),
        ("docker.io/library/nginx:1", "nginx"),
        ("registry:localhost:5000/team/app:2", "localhost:5000/team/app"),
        ("localhost:5000/team/app", "localhost:5000/team/app"),
        ("docker-archive:out/app-1.2.3.tar", "out/app-#.tar"),
        ("dir:/srv/rootfs", "/srv/rootfs"),
        ("oci:layout:app", "layout"),
        ("", ""),
        (":", ":"),
    ],
)
def test_an_image_keeps_its_name_through_updates(reference: str, name: str) -> None:
    assert repository_of(reference) == name
