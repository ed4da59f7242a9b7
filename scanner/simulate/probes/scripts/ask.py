# Runs in a container, with whatever Python 3 it has: no syntax newer than 3.4.
"""Tells which algorithms this Python gives, and whether OpenSSL or Python itself computes them."""

import collections.abc
import hashlib
import json
import sys

try:
    import _hashlib as openssl
except ImportError:
    openssl = None  # type: ignore[assignment]


def tell(kind: str, name: str, worked: bool, why: object = "") -> None:
    line = {"kind": kind, "name": name, "worked": bool(worked), "why": str(why)[:150]}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def attempt(kind: str, name: str, work: "collections.abc.Callable[..., object]") -> None:
    try:
        work(name, b"probe")
    except Exception as error:
        tell(kind, name, False, error)
    else:
        tell(kind, name, True)


def builtin(name: str) -> None:
    """Tell it where hashlib has another implementation than OpenSSL's."""
    try:
        made = hashlib.new(name, b"probe")
    except Exception:
        return
    if type(made).__module__ != "_hashlib":
        tell("builtin-digest", name, True, type(made).__module__)


names = {name.lower().replace("-", "_") for name in hashlib.algorithms_available}
for each in sorted(names | {"md5", "sha1", "sha256", "sha3_256", "blake2b", "md4", "sm3"}):
    if openssl is not None:
        attempt("digest", each, openssl.new)
    builtin(each)

if openssl is not None and hasattr(openssl, "get_fips_mode"):
    tell("setting", "FIPS mode", bool(openssl.get_fips_mode()))
try:
    import ssl

    tell("library", ssl.OPENSSL_VERSION, True)
    for suite in ssl.create_default_context().get_ciphers():
        tell("tls", "0x%04x" % (suite["id"] & 0xFFFF), True)
except Exception as error:
    tell("setting", "TLS", False, error)
tell("end", "complete", True)
