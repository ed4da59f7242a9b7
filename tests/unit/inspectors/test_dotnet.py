""".NET runtimes and programs. The JSON is what `dotnet publish` 8.0 writes, shortened."""

from __future__ import annotations

import json

import pytest

from scanner.inspectors.dotnet import DotnetInspector, make
from scanner.model import Fact, FactKind
from scanner.rulebook import RuleBook

from .files import seen, the_fact, wants

INSPECTOR = DotnetInspector()
SHARED = "/usr/share/dotnet/shared/Microsoft.NETCore.App"


@pytest.mark.parametrize(
    ("path", "version"),
    [
        # .NET Core 3.1 names it without `lib`.
        (f"{SHARED}/3.1.23/System.Security.Cryptography.Native.OpenSsl.so", "3.1.23"),
        (f"{SHARED}/8.0.11/libSystem.Security.Cryptography.Native.OpenSsl.so", "8.0.11"),
        ("/app/libSystem.Security.Cryptography.Native.OpenSsl.so", ""),
    ],
)
def test_a_runtime_is_known_by_its_native_part(path: str, version: str) -> None:
    fact = the_fact(INSPECTOR, path, b"\x7fELF")
    assert fact.kind is FactKind.DOTNET_RUNTIME
    assert fact.text("version") == version


def test_a_program_that_needs_a_shared_runtime() -> None:
    text = json.dumps(
        {
            "runtimeOptions": {
                "tfm": "net8.0",
                "frameworks": [
                    {"name": "Microsoft.NETCore.App", "version": "8.0.0"},
                    {"name": "Microsoft.AspNetCore.App", "version": "8.0.0"},
                ],
                "configProperties": {
                    "System.GC.Server": True,
                    "System.Security.Cryptography.UseLegacyFipsThrow": "false",
                },
            }
        }
    )
    fact = the_fact(INSPECTOR, "/app/Web.runtimeconfig.json", "\ufeff" + text)
    assert (fact.text("name"), fact.text("framework_version")) == ("Web", "8.0.0")
    assert not fact.flag("self_contained")
    assert fact.texts("properties") == (
        "System.GC.Server=true",
        "System.Security.Cryptography.UseLegacyFipsThrow=false",
    )


def test_a_self_contained_program() -> None:
    included = [{"name": "Microsoft.NETCore.App", "version": "6.0.36"}]
    text = json.dumps({"runtimeOptions": {"includedFrameworks": included}})
    fact = the_fact(INSPECTOR, "/app/svc.runtimeconfig.json", text)
    assert fact.flag("self_contained")
    assert fact.text("framework_version") == "6.0.36"


def test_packages_that_bring_crypto() -> None:
    libraries = {
        "Web/1.0.0": {"type": "project"},
        "BouncyCastle.Cryptography/2.4.0": {},
        "Newtonsoft.Json/13.0.3": {},
        "libsodium/1.0.20": {},
        "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.11": {},
    }
    fact = the_fact(INSPECTOR, "/app/Web.deps.json", json.dumps({"libraries": libraries}))
    assert fact.texts("packages") == ("BouncyCastle.Cryptography/2.4.0", "libsodium/1.0.20")
    assert fact.flag("self_contained")
    assert fact.text("framework_version") == "8.0.11"


def test_the_runtimes_own_dependencies_are_no_program() -> None:
    assert seen(INSPECTOR, f"{SHARED}/8.0.11/Microsoft.NETCore.App.deps.json", "{}") == []


@pytest.mark.parametrize(
    "text",
    [
        '{"runtimeOptions": []}',
        '{"runtimeOptions": {"framework": "8.0", "frameworks": {"a": 1}, "configProperties": 3}}',
        '{"runtimeOptions": {"frameworks": [null, {"version": "1"}]}}',
    ],
)
def test_values_of_the_wrong_kind_are_passed_over(text: str) -> None:
    assert the_fact(INSPECTOR, "/a.runtimeconfig.json", text).text("framework_version") == ""


@pytest.mark.parametrize("text", ["[]", "{", ""])
def test_what_is_no_json_object_raises(text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        seen(INSPECTOR, "/a.runtimeconfig.json", text)


def test_other_json_is_not_read() -> None:
    assert not wants(INSPECTOR, "/app/appsettings.json")


def test_packages_that_the_rules_know() -> None:
    libraries: dict[str, object] = {
        "BouncyCastle.Cryptography/2.4.0": {},
        "Newtonsoft.Json/13.0.3": {},
        "x": {},
    }
    content = json.dumps({"libraries": libraries})
    facts = seen(make(RuleBook.load()), "/app/Web.deps.json", content)
    (package,) = [f for f in facts if isinstance(f, Fact) and f.kind is FactKind.LANGUAGE_PACKAGE]
    assert (package.text("name"), package.text("version")) == ("BouncyCastle.Cryptography", "2.4.0")
    assert (package.text("module"), package.text("code")) == ("dotnet-bouncycastle", "interpreted")
