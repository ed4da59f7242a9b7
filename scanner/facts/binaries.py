"""What facts about compiled files and archives may carry."""

from scanner.model import FactKind

BINARIES: dict[FactKind, dict[str, type]] = {
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
    FactKind.PE: {
        "machine": str,
        "managed": bool,
        "imports": tuple,
        "assembly": str,  # of a managed one: its name
        "assembly_version": str,
        "references": tuple,  # assemblies that it calls
        "natives": tuple,  # names under which it loads native libraries
        "modules": tuple,  # `id version` of those whose code it holds; it runs on Windows alone
    },
    FactKind.CRYPTO_SYMBOLS: {
        "module": str,  # id in rules/modules
        "direction": str,  # imports, exports
        "symbols": tuple,
    },
    FactKind.MODULE_CODE: {
        "module": str,
        "version": str,
        "form": str,  # library, static, provider, jar, pe (in a file for Windows)
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
    FactKind.ARCHIVE: {
        "form": str,  # native-zip, native-tar, nested, self-extracting, tar (not looked into),
        # packed-behind-program, data-behind-program, static-library
        "members": tuple,  # the first with compiled code; of a static library: `id version`
        "count": int,  # of these
    },
}
