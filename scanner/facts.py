"""What each kind of fact may carry, and the one way to state a fact.

Rules are checked against the same table, so a rule that asks for an attribute which no
inspector states is an error and not a rule that never fires.
"""

from __future__ import annotations

from types import MappingProxyType

from scanner.model import Fact, FactKind, Value

FACT_ATTRIBUTES: dict[FactKind, dict[str, type]] = {
    FactKind.ELF: {
        "machine": str,  # x86_64, aarch64, …
        "type": str,  # exec, dyn
        "linkage": str,  # dynamic, static, static-pie, shared-object
        "interpreter": str,
        "soname": str,
        "needed": tuple,
        "rpath": tuple,
        "runpath": tuple,
        "stripped": bool,
        "executable": bool,  # has an execute permission bit
        "packed": str,  # upx
    },
    FactKind.PE: {"machine": str, "managed": bool, "imports": tuple},
    FactKind.CRYPTO_SYMBOLS: {
        "module": str,  # id in rules/modules
        "direction": str,  # imports, exports
        "symbols": tuple,
    },
    FactKind.MODULE_CODE: {
        "module": str,
        "version": str,
        "form": str,  # library, static, provider, jar, assembly
        "fips": str,  # marker of a FIPS build, or ""
        "soname": str,
        "modules_dir": str,  # of OpenSSL: compiled-in MODULESDIR
        "openssl_dir": str,  # of OpenSSL: compiled-in OPENSSLDIR
        "reads_kernel_flag": bool,
        "hashed_name": bool,  # libcrypto-1a2b3c.so.3, as wheel tools rename it
        "container": str,  # of a nested jar: the outer file
        "build_id": str,  # of an ELF file: hexadecimal, as its note says
        "built_as": str,  # `name version` of its package, as its note says
        "signed": bool,  # of a jar: it carries a signature file
        "shaded": bool,  # of a jar: the module's classes lie in somebody else's archive
    },
    FactKind.TRACES: {
        "constants": tuple,  # algorithms whose constants are in the bytes
        "go": bool,  # the mark of Go's build information is there
    },
    FactKind.GO_BUILD: {
        "go_version": str,  # 1.27.3
        "toolchain": str,  # upstream, microsoft, redhat
        "main": str,
        "module": str,
        "experiments": tuple,
        "gofips140": str,  # v1.0.0, latest, off, ""
        "cgo": str,  # 1, 0, "" when not told
        "tags": tuple,
        "default_fips140": str,  # of DefaultGODEBUG: on, off, only, auto, ""
        "boring_code": str,  # present, absent, unknown
        "frozen_code": str,  # version of the frozen module's code, ""
        "openssl_backend": bool,
        "systemcrypto": bool,
        "packages": tuple,  # crypto packages linked in
        "bypasses": tuple,  # of these, those that never use the module
        "stripped": bool,
        "dependencies": tuple,  # crypto-relevant module dependencies, path@version
    },
    FactKind.OPENSSL_CONFIG_FILE: {"text": str},
    FactKind.INTEGRITY_FILE: {"form": str, "covers": str},  # hmac, chk, fipsmodule.cnf
    FactKind.OS_RELEASE: {"id": str, "version": str, "name": str, "like": tuple, "variant": str},
    FactKind.PACKAGE: {"manager": str, "name": str, "version": str, "source": str},
    FactKind.PACKAGE_FILES: {"manager": str, "name": str, "files": tuple},
    FactKind.LD_CONFIG: {"paths": tuple, "includes": tuple, "form": str},  # glibc, musl
    FactKind.JAVA_RUNTIME: {"version": str, "vendor": str, "home": str, "openj9": bool},
    FactKind.JAVA_SECURITY: {
        "providers": tuple,
        "fips_providers": tuple,
        "keystore_type": str,
        "use_system_properties": str,
        "approved_only": str,
        "master": bool,  # the JVM's own file, not an overlay
        "home": str,
        "disabled_tls": tuple,
        "properties": tuple,  # name=value of the entries that select providers
    },
    FactKind.JAVA_ARCHIVE: {
        "main_class": str,
        "nested": tuple,
        "launcher": bool,
        "class_path": tuple,  # of its manifest
    },
    FactKind.ARCHIVE: {
        "form": str,  # native-zip, native-tar, self-extracting, tar (not looked into),
        # packed-behind-program, data-behind-program
        "members": tuple,  # the first ones with compiled code
        "count": int,  # of these
    },
    FactKind.DOTNET_RUNTIME: {"version": str, "framework": str},
    FactKind.DOTNET_APP: {
        "name": str,
        "framework_version": str,
        "self_contained": bool,
        "properties": tuple,  # name=value of configProperties
        "packages": tuple,  # name/version of deps.json that bring crypto
    },
    FactKind.SCRIPT: {
        "interpreter": str,
        "mentions": tuple,  # names of variables it expands
        "steps": tuple,  # what it sets, reads in and starts, in order
        "unread": str,  # why not all of it was read, or ""
    },
    FactKind.RUNTIME: {"name": str, "version": str},  # python, node, ruby, php, perl, erlang
    FactKind.ENV: {"name": str, "value": str},
    FactKind.COMMAND: {
        "argv": tuple,
        "program": str,  # resolved path, or ""
        "user": str,
    },
    FactKind.OPENSSL_STATE: {
        "library": str,
        "version": str,
        "config": str,  # path of the configuration it would read
        "config_file": str,  # the file itself, where that path is a link; "" when there is none
        "config_found": bool,
        "fips_activated": bool,
        "fips_listed": bool,
        "fips_properties": bool,  # default_properties demand fips=yes
        "provider": str,  # path of fips.so, or ""
        "provider_version": str,
        "provider_module": str,  # id in rules/modules
        "fipsmodule": bool,  # fipsmodule.cnf readable
        "activation": str,  # on, host, off, unknown, none
        "broken": bool,  # would fail to load: even SHA-256 unavailable
        "breaks_on_host": bool,  # works elsewhere, fails where the kernel flag reads 1
        "reads_kernel_flag": bool,
        "reason": str,
    },
    FactKind.JVM_OPTIONS: {
        "source": str,  # environment variable or command
        "reaches_jvm": str,  # yes, no, script, unknown
        "options": tuple,
        "security_file": str,
        "security_file_found": bool,
        "replaces": bool,
    },
    FactKind.DOTNET_STATE: {
        "libssl": str,  # path it would dlopen, or ""
        "override": str,
        "activation": str,
        "version": str,  # of the runtime
        "tried": tuple,  # names in the order in which it tries them
        "reason": str,
    },
    FactKind.LIBRARY_MISSING: {"needed": str},
    FactKind.USE: {
        "module": str,
        "module_version": str,
        "kind": str,
        "validation": str,
        "activation": str,
        "role": str,
        "purpose": str,
        "library": str,
        "standard": str,
    },
    FactKind.RUN: {
        "condition": str,
        "ran": bool,
        "exit_code": int,
        "running": bool,
        "ready": bool,
        "health": str,
        "listening": bool,
        "verified": bool,
    },
    FactKind.LOG_MATCH: {
        "condition": str,
        "rule": str,
        "effect": str,  # breaks, misconfigured, informs
        "new": bool,  # not seen in the baseline
        "line": str,
        "meaning": str,
    },
    FactKind.TLS_ENDPOINT: {
        "condition": str,
        "port": int,
        "protocols": tuple,
        "suites": tuple,
        "groups": tuple,
        "unapproved_protocols": tuple,
        "unapproved_suites": tuple,
        "unapproved_groups": tuple,
        "approved_suites": tuple,
        "approved_groups": tuple,
        "starttls": str,
        "signatures": tuple,
        "unapproved_signatures": tuple,
        "completes_without_ems": str,  # yes, no, "" where it was not found out
        "resumes_without_ems": str,  # yes, no, "" where it was not found out
    },
    FactKind.TLS_SERVER: {  # on the consumer of a use, else on the program behind the port
        "condition": str,
        "port": int,
        "program": str,  # the file that the process runs, "" when no process could be seen
        "go": bool,  # that is a Go program
        "known": bool,  # some use of crypto is in the process; not there when that is not known
        "unapproved": tuple,  # protocols, suites and groups
    },
    FactKind.RUN_SETTING: {  # on the consumer of a use, where a run was not as its files say
        "condition": str,
        "module": str,
        "activation": str,  # off, unknown: what the use's approved mode is then
        "reason": str,
    },
    FactKind.DIFFERENCE: {
        "condition": str,
        "what": str,
        "effect": str,
        "detail": str,
        "test_mode": bool,  # all that was switched on is more than production may switch on
    },
    FactKind.PROGRAM_ACTIVITY: {  # on the program
        "condition": str,
        "read_flag": bool,
        "opened": tuple,
        "missing": tuple,
        "kernel_crypto": tuple,
    },
    FactKind.ALGORITHM_CALL: {  # on the program
        "condition": str,
        "library": str,
        "api": str,
        "algorithm": str,
        "caller": str,
        "count": int,
        "refused": str,  # all, some, none of the calls
        "approved": str,  # yes, limited, no; "" where no rule knows it
    },
    FactKind.ALGORITHM_OFFER: {  # on the library or the interpreter
        "condition": str,
        "kind": str,
        "algorithm": str,
        "offered": bool,
        "approved": str,  # as above
    },
    FactKind.TLS_CERTIFICATE: {
        "condition": str,
        "port": int,
        "subject": str,
        "key": str,
        "signature": str,
        "unapproved": tuple,
    },
    FactKind.TLS_CLIENT: {  # on the program, where it is known
        "condition": str,
        "port": int,
        "server_name": str,
        "suites": tuple,
        "groups": tuple,
        "unapproved": tuple,
        "only_unapproved": bool,  # nothing that it offers is approved
    },
    FactKind.STEP: {"condition": str, "name": str, "passed": bool, "detail": str},
}


def fact(
    kind: FactKind, path: str = "", /, *, evidence: tuple[str, ...] = (), **attributes: Value
) -> Fact:
    """State a fact.

    Raises:
        TypeError: an attribute that `kind` may not carry, or one of the wrong type: a mistake
            in the caller, never in the image.
    """
    allowed = FACT_ATTRIBUTES[kind]
    for name, value in attributes.items():
        if name not in allowed or not isinstance(value, allowed[name]):
            raise TypeError(f"{kind.value} fact cannot carry {name}={value!r}")
    return Fact(kind, path, MappingProxyType(attributes), evidence)
