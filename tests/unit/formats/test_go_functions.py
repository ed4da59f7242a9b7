"""Where functions begin and who calls them, in programs cut so that the code concerned remains."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from scanner.formats import go_calls
from scanner.formats.elf import Elf, read_elf
from scanner.formats.go_calls import Call, CallsError, can_read_calls, read_calls
from scanner.formats.go_functions import Functions, read_functions
from scanner.formats.go_pclntab import PclntabError, read_function_names

FIXTURES = Path(__file__).parents[2] / "fixtures" / "go"


def functions_of(whole: bytes) -> tuple[io.BytesIO, Elf, Functions]:
    stream = io.BytesIO(whole)
    elf = read_elf(stream)
    names = read_function_names(stream, elf)
    assert names is not None
    return stream, elf, read_functions(stream, elf, names)


def calls(name: str, *beginnings: str) -> tuple[Call, ...]:
    stream, elf, functions = functions_of((FIXTURES / name).read_bytes())
    return read_calls(stream, elf, functions, functions.beginning(*beginnings))


def test_functions_are_in_order_of_their_addresses() -> None:
    _, _, functions = functions_of((FIXTURES / "go1.27-md5-calls").read_bytes())
    assert list(functions.entries) == sorted(functions.entries)
    named = {functions.name(each) for each in range(len(functions.entries))}
    assert {"main.key", "main.mac", "crypto/md5.New"} <= named


def test_names_and_addresses_of_old_tables_belong_together() -> None:
    stream, elf, functions = functions_of((FIXTURES / "go1.15-esbuild").read_bytes())
    names = read_function_names(stream, elf)
    assert names is not None
    assert len(functions.entries) == len(functions.name_offsets) > 20
    told = [functions.name(each) for each in range(len(functions.entries))]
    assert told == names.data.decode().split("\0")[:-1]


@pytest.mark.parametrize(
    ("caller", "called"),
    [
        ("main.main", "crypto/rc4.NewCipher"),  # a call
        ("main.key", "crypto/md5.(*digest).Write"),  # of an inlined md5.New
        ("crypto/tls.prf10", "crypto/md5.New"),  # its address, given to hmac.New
    ],
)
def test_calls_and_addresses_taken(caller: str, called: str) -> None:
    assert Call(caller, called) in calls("go1.27-md5-calls", called)


def test_calls_on_arm64() -> None:
    found = calls("go1.27-smd5-arm64-pie-calls", "crypto/md5.", "crypto/rc4.")
    assert Call("main.main", "crypto/rc4.NewCipher") in found
    # The address of md5.New, by ADRP and ADD.
    assert any(each.caller == "main.mac" and "md5.New" in each.called for each in found)


def test_an_interfaces_table_stands_for_its_methods() -> None:
    found = calls("go1.19-wireguard-calls", "golang.org/x/crypto/chacha20poly1305.")
    assert any(each.caller.startswith("golang.zx2c4.com/wireguard/device.") for each in found)


def test_nothing_is_found_where_nothing_is_asked_for() -> None:
    assert calls("go1.27-md5-calls") == ()
    assert calls("go1.27-md5-calls", "crypto/nothing.") == ()


def test_other_machines_are_not_read() -> None:
    elf = read_elf(io.BytesIO((FIXTURES / "go1.27-web-s390x").read_bytes()))
    assert not can_read_calls(elf)


def test_more_code_than_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_calls, "MAX_CODE", 64)
    with pytest.raises(CallsError, match="bytes of code"):
        calls("go1.27-md5-calls", "crypto/md5.")


def test_more_calls_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(go_calls, "MAX_CALLS", 2)
    with pytest.raises(CallsError, match="more than 2 calls"):
        calls("go1.27-md5-calls", "crypto/md5.")


def test_a_table_that_ends_outside_the_file() -> None:
    whole = bytearray((FIXTURES / "go1.27-md5-calls").read_bytes())
    table = whole.index(b"\xf1\xff\xff\xff\0\0\1\x08")
    struct.pack_into("<Q", whole, table + 64, 1 << 40)
    with pytest.raises(PclntabError, match="outside the file"):
        functions_of(bytes(whole))


def test_code_whose_beginning_is_not_told() -> None:
    # The record of the layout was cut away.
    with pytest.raises(PclntabError):
        functions_of((FIXTURES / "go1.27-web").read_bytes())
