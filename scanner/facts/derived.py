"""What linkers may say of facts that they put together."""

from scanner.model import FactKind

DERIVED: dict[FactKind, dict[str, type]] = {
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
        "module_mac": str,  # the provider's checksum, as the configuration says, in hexadecimal
        "activation": str,  # on, host, off, unknown, none
        "broken": bool,  # would fail to load: even SHA-256 unavailable
        "breaks_on_host": bool,  # works elsewhere, fails where the kernel flag reads 1
        "reads_kernel_flag": bool,
        "reason": str,
    },
    FactKind.JVM_OPTIONS: {
        "source": str,  # environment variable, command or option file
        "reaches_jvm": str,  # yes, no, script, unknown; of an option file as such: file
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
        "certificate": str,  # its number, or ""
        "caveat": str,  # of the certificate, in NIST's words
        "environment": str,  # an active certificate on the target: node, elsewhere, unnamed
    },
    FactKind.SETTING_IN_EFFECT: {  # on the configuration file
        "software": str,
        "program": str,  # that reads it, or ""
        "directive": str,
        "value": str,
        "line": int,
        "block": str,
        "topic": str,
        "state": str,  # of the topic mode: on, off
        "written": bool,  # no: nothing is written, and this is the program's default
        "algorithms": tuple,
        "unapproved": tuple,
        "unknown": tuple,
        "only_unapproved": bool,
        "refused": bool,  # nothing of it can work with a module in approved mode
        "advice": str,
        "reached": str,  # started: by a program that the image starts; installed: by one that is
        # there; no: by none
    },
    FactKind.INTEGRITY_STATE: {  # on the module's file
        "module": str,
        "form": str,
        "state": str,  # intact, altered, missing, unknown
        "stored_in": str,  # the file that holds what it should be
    },
}
