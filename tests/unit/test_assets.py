"""The inventory that facts make."""

from __future__ import annotations

from scanner.assets import MAX_ASSETS, inventory
from scanner.facts import fact
from scanner.model import Asset, AssetKind, FactKind, GapKind


def test_a_setting_names_its_line_and_what_it_allows() -> None:
    (asset,), gaps = inventory(
        [
            fact(
                FactKind.SETTING_IN_EFFECT,
                "/etc/nginx/nginx.conf",
                directive="ssl_protocols",
                value="TLSv1.1 TLSv1.2",
                block="http",
                line=4,
                algorithms=("TLS 1.1", "TLS 1.2"),
                unapproved=("TLS 1.1",),
                reached="started",
            )
        ]
    )
    assert asset == Asset(
        AssetKind.SETTING,
        "/etc/nginx/nginx.conf",
        "ssl_protocols",
        "TLSv1.1 TLSv1.2, in http",
        line=4,
        algorithms=("TLS 1.1", "TLS 1.2"),
        unapproved=("TLS 1.1",),
    )
    assert gaps == ()


def test_calls_that_no_table_knows_are_not_called_unapproved() -> None:
    def of(approved: str) -> Asset:
        call = fact(FactKind.SOURCE_CALL, "/a.py", api="f", algorithm="X", approved=approved)
        return inventory([call])[0][0]

    assert of("no").unapproved == ("X",)
    assert of("").unapproved == ()
    assert of("").algorithms == ("X",)


def test_a_sample_key_is_not_the_image_s_own() -> None:
    keys = [
        fact(FactKind.PRIVATE_KEY, "/k.pem", key="RSA 2048", form="pem", sample=sample)
        for sample in (True, False)
    ]
    assert sorted(asset.own for asset in inventory(keys)[0]) == [False, True]


def test_more_than_anybody_reads_is_counted() -> None:
    calls = [
        fact(FactKind.SOURCE_CALL, f"/{number:05}.py", api="f", algorithm="MD5", approved="no")
        for number in range(MAX_ASSETS + 7)
    ]
    assets, gaps = inventory(calls)
    assert len(assets) == MAX_ASSETS
    assert [(gap.kind, gap.caps) for gap in gaps] == [(GapKind.TOO_MANY, False)]
    assert "7 more" in gaps[0].reason


def test_a_line_is_listed_once() -> None:
    path = "/etc/ssh/sshd_config"
    policy = fact(FactKind.SYSTEM_POLICY, path, component="openssh-server", name="MACs", line=2)
    setting = fact(FactKind.SETTING_IN_EFFECT, path, directive="MACs", line=2)
    assert [each.kind for each in inventory([policy, setting])[0]] == [AssetKind.SETTING]
    assert [each.kind for each in inventory([policy])[0]] == [AssetKind.POLICY]


def test_a_go_program_tells_which_algorithms_are_there_for_tls_alone() -> None:
    def detail(*tls_only: str, callers: tuple[str, ...] = ()) -> str:
        build = fact(
            FactKind.GO_BUILD,
            "/app",
            go_version="1.27.3",
            algorithms=("MD5", "RC4", "SHA2-256"),
            unapproved=("MD5", "RC4"),
            tls_only=tls_only,
            callers=callers,
        )
        return inventory([build])[0][0].detail

    assert detail("MD5", "RC4", "SHA2-256") == "for TLS only"
    called = detail("RC4", callers=("MD5 by example.org/cache",))
    assert called == "for TLS only: RC4; MD5 by example.org/cache"
    assert detail() == ""


def test_a_static_library_is_in_the_inventory_and_other_archives_are_not() -> None:
    library = fact(
        FactKind.ARCHIVE, "/l.a", form="static-library", members=("openssl 3.0.22",), count=1
    )
    other = fact(FactKind.ARCHIVE, "/a.zip", form="native-zip", members=("b.so",), count=1)
    (asset,), _ = inventory([library, other])
    assert (asset.kind, asset.path, asset.name) == (AssetKind.CODE, "/l.a", "openssl 3.0.22")
    assert (asset.algorithms, asset.unapproved) == ((), ())


def test_a_keystore_tells_its_protection_once() -> None:
    store = fact(FactKind.KEYSTORE, "/a.jks", form="jks", entries=1, protection="by SHA-1")
    assert inventory([store])[0][0].detail == "1 entry, by SHA-1"
    refused = fact(
        FactKind.KEYSTORE,
        "/a.jks",
        form="jks",
        entries=2,
        protection="by SHA-1",
        unapproved=("by SHA-1",),
    )
    assert inventory([refused])[0][0].detail == "2 entries"
