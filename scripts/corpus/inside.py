"""Runs in a container of the corpus: finds the labelled files and has each say its version.

Needs nothing but Python's own library; each file is asked in a process of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

_TEXT: dict[str, tuple[Any, ...]] = {
    "gnutls": ("gnutls_check_version", None),
    "libgcrypt": ("gcry_check_version", None),
    "nss": ("NSS_GetVersion",),
    "wolfssl": ("wolfSSL_lib_version",),
    "botan": ("botan_version_string",),
    "libsodium": ("sodium_version_string",),
}
"""Functions that return a text, and what they are called with."""


def _call(library: ctypes.CDLL, name: str, *arguments: object) -> str:
    function = getattr(library, name)
    function.restype = ctypes.c_char_p
    return (function(*arguments) or b"").decode()


def _of_library(path: str, ask: str) -> str:
    library = ctypes.CDLL(path)
    if ask == "openssl":
        name = "OpenSSL_version" if hasattr(library, "OpenSSL_version") else "SSLeay_version"
        return _call(library, name, 0)
    if ask == "mbedtls":
        buffer = ctypes.create_string_buffer(32)
        library.mbedtls_version_get_string(buffer)
        return buffer.value.decode()
    if ask == "libkcapi":
        buffer = ctypes.create_string_buffer(64)
        library.kcapi_versionstring(buffer, 64)
        return buffer.value.decode()
    if ask == "nettle":
        return f"{library.nettle_version_major()}.{library.nettle_version_minor()}"
    if ask == "libtomcrypt":
        settings = ctypes.c_char_p.in_dll(library, "crypt_build_settings").value or b""
        return settings.decode()
    name, *arguments = _TEXT[ask]
    return _call(library, name, *arguments)


def _version(ask: str, text: str, says: str = "") -> str:
    """The version in what was said: `OpenSSL 3.0.15 3 Sep 2024`, `LibTomCrypt 1.18.2 (…)`."""
    if says:
        if not re.search(says, text):
            raise ValueError(f"not {says!r} but {text!r}")
        return ""
    if ask == "go":
        found = re.search(r"go\d[\w.]*", text)
    else:
        found = re.search(r"(?:\b|v)(\d+(?:\.\d+)+[a-z]?(?:-(?:alpha|beta)\d*)?)", text)
    if not found:
        raise ValueError(f"no version in {text!r}")
    return found[found.lastindex or 0]


def _run(command: list[str], libraries: str = "") -> str:
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": libraries,
        "PYTHONPATH": "/corpus:/helpers",
        "HOME": "/tmp",  # noqa: S108 - of a container
    }
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, env=environment, check=False
    )
    if done.returncode or not done.stdout.strip():
        lines = (done.stderr or f"exit code {done.returncode}").strip().splitlines()
        raise OSError(lines[-1][:200])
    return done.stdout.strip()


def _ask(path: str, question: dict[str, str]) -> str:
    ask, code, says = question["ask"], question["code"], question.get("says", "")
    if not ask:
        return ""
    if ask == "python":
        return _version(ask, _run([sys.executable, "-c", code]), says)
    if ask == "run":
        command = [part.replace("{file}", path) for part in code.split()]
        return _version(ask, _run(command, str(Path(path).parent)), says)
    if ask == "go":
        return _version(ask, _go_version(path))
    # Wheels keep what a library needs beside it.
    folder = str(Path(path).parent)
    return _version(ask, _run([sys.executable, __file__, "--library", path, ask], folder))


def _go_version(path: str) -> str:
    """What the Go runtime has as its version: `runtime.buildVersion`, as `go version` reads it."""
    return _run(["/go/bin/go", "version", path])


def main() -> None:
    """Answer the questions in the second argument about the files below the first."""
    if sys.argv[1] == "--library":
        sys.stdout.write(_of_library(sys.argv[2], sys.argv[3]))
        return
    root = sys.argv[1]
    answers = []
    for question in json.loads(sys.argv[2]):
        found = {}
        places = {place.resolve() for place in Path(root).glob(question["file"])}
        for place in sorted(each for each in places if each.is_file()):
            path = str(place)
            try:
                answer = _ask(path, question)
            except (OSError, ValueError, AttributeError, subprocess.SubprocessError) as error:
                answer = f"!{error}"
            found[os.path.relpath(path, root)] = answer
        answers.append(found)
    sys.stdout.write(json.dumps(answers))


if __name__ == "__main__":
    main()
