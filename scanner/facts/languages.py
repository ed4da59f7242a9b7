"""What facts about programs of language runtimes may carry."""

from scanner.model import FactKind

LANGUAGES: dict[FactKind, dict[str, type]] = {
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
        "algorithms": tuple,  # that are linked in, by the names of the algorithm table
        "unapproved": tuple,  # of these
        "tls_only": tuple,  # of those, linked in for crypto/tls alone
        "called": tuple,  # of `unapproved`, those that code outside the standard library calls
        "called_digests": tuple,  # the same of hash functions, which `called` leaves out
        "callers": tuple,  # `ALGORITHM by PACKAGE` of these calls
        "calls_read": bool,  # whether its machine code could be searched for calls
        "protocols": tuple,  # TLS, SSH, QUIC, DTLS, WireGuard, … that are linked in
        "godebug": tuple,  # name=value of DefaultGODEBUG that have to do with crypto
        "stripped": bool,
        "dependencies": tuple,  # crypto-relevant module dependencies, path@version
    },
    FactKind.JAVA_RUNTIME: {
        "version": str,
        "vendor": str,
        "home": str,
        "openj9": bool,
        "modules": tuple,  # that were linked into it; empty where that is not told
    },
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
    FactKind.DOTNET_RUNTIME: {
        "version": str,
        "framework": str,
        "form": str,  # shared, app, single-file, native-aot
        "override": str,  # the variable by which it lets its OpenSSL be chosen; "" where not told
    },
    FactKind.DOTNET_APP: {
        "name": str,
        "framework_version": str,
        "self_contained": bool,
        "properties": tuple,  # name=value of configProperties
        "packages": tuple,  # name/version of deps.json that bring crypto
        "form": str,  # single-file, native-aot; "" for a program of several files
        "calls_crypto": str,  # no where nothing in it can reach the runtime's cryptography
        "natives": tuple,  # native libraries that a single-file program unpacks when it starts
        "needs": tuple,  # libraries that these are linked to
    },
    FactKind.SCRIPT: {
        "interpreter": str,
        "mentions": tuple,  # names of variables it expands
        "steps": tuple,  # what it sets, reads in and starts, in order
        "unread": str,  # why not all of it was read, or ""
    },
    # python, node, deno, bun, electron, ruby, php, perl, erlang, r, lua
    FactKind.RUNTIME: {"name": str, "version": str},
    FactKind.SOURCE_CALL: {  # on a file of source code or bytecode
        "language": str,  # python, javascript, java, ruby, php, perl
        "api": str,  # hashlib.md5, crypto.createHash, Cipher.getInstance
        "algorithm": str,  # as the code writes it; "" where it is computed
        "approved": str,  # yes, limited, no; "" where no table knows it
        "line": int,  # of the first; 0 where it is not known
        "count": int,
        "own": bool,  # neither of the runtime nor of an installed dependency
        "package": str,  # the dependency it is part of, or ""
        "security": str,  # no where the code says so (usedforsecurity=False); else ""
    },
    FactKind.LANGUAGE_PACKAGE: {  # on the file or folder that shows it
        "ecosystem": str,  # pypi, npm, gem, cargo, nuget, maven, go, hex, composer, cran, cpan
        "name": str,
        "version": str,
        "crypto": str,  # own: computes by itself; binding: to a module; protocol: uses another's
        "code": str,  # of own: compiled, interpreted; else ""
        "module": str,  # id in rules/modules of what it brings or binds, or ""
        "algorithms": tuple,  # that it offers, as its rule names them
        "features": tuple,  # of it, where they decide: fips
        "tool": bool,  # part of a package manager that came with the runtime
        "shown_by": str,  # of cargo: code, where the program names its sources; list, where only
        # the list of the build does; else ""
    },
    FactKind.LANGUAGE_FILES: {  # on the list that a package manager left behind
        "ecosystem": str,
        "name": str,
        "files": tuple,  # source code of the package, where no folder's name says that it is one's
    },
}
