"""Class files: the static calls they hold. `Calls.class` is made by javac 17 of `Calls.java`."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.formats.java_class import JavaClassError, StaticCall, static_calls

CLASS = (Path(__file__).parents[2] / "fixtures" / "java" / "Calls.class").read_bytes()


def calls(data: bytes = CLASS, *owners: str) -> list[StaticCall]:
    return list(static_calls(data, lambda owner, _name: not owners or owner in owners))


def test_the_constant_that_a_call_takes_is_told() -> None:
    told = {(each.line, each.text) for each in calls(CLASS, "java/security/MessageDigest")}
    # in the call itself, and through a variable that is set once
    assert told == {(7, "MD5"), (9, "SHA-256")}


def test_an_inlined_constant_and_one_that_is_not_known() -> None:
    first, second = calls(CLASS, "javax/crypto/Cipher")
    assert (first.text, first.line) == ("DES/ECB/PKCS5Padding", 10)
    assert (second.text, second.line) == ("", 11)


def test_objects_that_are_made_for_the_call_are_told() -> None:
    (mac,) = calls(CLASS, "javax/crypto/Mac")
    (added,) = calls(CLASS, "java/security/Security")
    assert (mac.text, mac.made) == ("HmacMD5", ("com/example/Calls$Own",))
    assert (added.method, added.text, added.made) == ("insertProviderAt", "", mac.made)


def test_calls_behind_a_switch_are_found() -> None:
    (signature,) = calls(CLASS, "java/security/Signature")
    assert (signature.text, signature.line) == ("MD5withRSA", 13)


def test_what_nobody_wants_is_left_out() -> None:
    assert calls(CLASS, "java/lang/Nothing") == []


@pytest.mark.parametrize("size", [3, 9, 11, 40, 300, 700, 900, len(CLASS) - 300])
def test_a_cut_class_is_an_error_and_no_crash(size: int) -> None:
    with pytest.raises(JavaClassError):
        calls(CLASS[:size])


def test_any_damage_is_an_error_or_a_result() -> None:
    for at in range(8, len(CLASS), 3):
        damaged = bytearray(CLASS)
        damaged[at] ^= 0xFF
        try:
            calls(bytes(damaged))
        except JavaClassError:
            continue


REGISTERS = (Path(__file__).parents[2] / "fixtures" / "java" / "Registers.class").read_bytes()


def test_what_comes_from_a_static_field_or_method_is_told_by_its_class() -> None:
    made = [(each.line, each.made) for each in calls(REGISTERS, "java/security/Security")]
    assert made == [
        (11, ("org/bouncycastle/jcajce/provider/BouncyCastleFipsProvider",)),
        (14, ("com/amazon/corretto/crypto/provider/AmazonCorrettoCryptoProvider",)),
        (15, ("org/conscrypt/Conscrypt",)),
    ]
