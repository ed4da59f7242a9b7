"""What facts about the operating system's files and the image configuration may carry."""

from scanner.model import FactKind

SYSTEMS: dict[FactKind, dict[str, type]] = {
    FactKind.OPENSSL_CONFIG_FILE: {"text": str},
    FactKind.INTEGRITY_FILE: {
        "form": str,  # hmac, chk, fipsmodule.cnf
        "covers": str,
        "says": tuple,  # checksum; path=checksum for each library; parts of a .chk file
    },
    FactKind.OS_RELEASE: {"id": str, "version": str, "name": str, "like": tuple, "variant": str},
    FactKind.PACKAGE: {"manager": str, "name": str, "version": str, "source": str},
    FactKind.PACKAGE_FILES: {"manager": str, "name": str, "files": tuple},
    FactKind.LD_CONFIG: {"paths": tuple, "includes": tuple, "form": str},  # glibc, musl
    FactKind.ENV: {"name": str, "value": str},
    FactKind.COMMAND: {
        "argv": tuple,
        "program": str,  # resolved path, or ""
        "user": str,
    },
    FactKind.INTEGRITY: {  # on the file whose bytes were hashed
        "form": str,  # openssl-provider, hmac, chk, go, jar
        "computed": str,  # what its bytes give, in hexadecimal
        "stored": str,  # what the file itself says it should be, or ""
        "key": str,  # name of the key that its own bytes hold, or ""
    },
    FactKind.SERVER_SETTING: {  # on the configuration file
        "software": str,  # id in rules/servers
        "directive": str,  # as the file writes it
        "value": str,
        "line": int,
        "block": str,  # what it stands in: `http > server`
        "scope": str,  # which of the blocks of this name, by their numbers: `1.4`
        "entry": str,  # which of the rule's directives it is, by number; of a switch, its name
        "topic": str,  # protocols, suites, groups, signatures, kex, ciphers, macs, keys, hash,
        # mode; include, switch and unread are for linkers
        "state": str,  # of the topic mode: on, off
        "algorithms": tuple,  # what it allows, by the names of the algorithm tables
        "unapproved": tuple,  # of these
        "unknown": tuple,  # what it names and no table knows
        "only_unapproved": bool,  # it allows something, and nothing of that is approved
        "refused": bool,  # nothing of it can work with a module in approved mode
        "advice": str,  # what to write instead
    },
    FactKind.SYSTEM_POLICY: {  # on the file that sets it
        "component": str,  # crypto-policies, gnutls, nss, libgcrypt, pam, login, shadow,
        # krb5, openssh-server, openssh-client, wireguard, system-fips, fips-mode-setup
        "name": str,
        "value": str,
        "line": int,
        "block": str,  # what it stands in
        "state": str,  # fips, approved, unapproved, only-unapproved, off, default
        "unapproved": tuple,
        "advice": str,
        "reached": str,  # of a program: started, installed
    },
    FactKind.CERTIFICATE: {  # on the file; many in one file are one fact for each sort
        "form": str,  # pem, der, pkcs7, jks, pkcs12, nss
        "purpose": str,  # ca-bundle, ca, server, unknown
        "subject": str,  # of the first
        "key": str,  # RSA 2048, P-256, Ed25519
        "signature": str,  # ECDSA with SHA2-256
        "expires": str,  # 2030-03-10
        "count": int,
        "unapproved": tuple,  # of key and signature
        "sample": bool,  # in a folder of tests, examples or documentation
    },
    FactKind.PRIVATE_KEY: {
        "form": str,  # pem, openssh, der, pkcs12
        "key": str,  # as above; "" where it is encrypted
        "encrypted": str,  # the scheme: PBES2 with AES-256-CBC; "" where it is not
        "unapproved": tuple,
        "sample": bool,  # in a folder of tests, examples or documentation
    },
    FactKind.KEYSTORE: {
        "form": str,  # jks, jceks, pkcs12, bcfks, bks, nss-sql, nss-dbm
        "protection": str,  # how its secrets are protected, where that is told
        "entries": int,
        "unapproved": tuple,  # that opening it needs
        "secrets": bool,  # it holds keys, or what it holds does not show
        "sample": bool,
    },
}
