"""A statement is whose key it names, for what it says, and for nothing else."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from nacl.signing import SigningKey

from aisecops.adapters.audit.statement import Statement

KEY = SigningKey(b"k" * 32)
PUBLIC = bytes(KEY.verify_key)


class Said(Statement):
    PURPOSE = b"said\n"

    what: str


class Meant(Statement):
    PURPOSE = b"meant\n"

    what: str


def said(what="yes"):
    return Said(v=1, kid="k", sig="", what=what).signed(lambda message: KEY.sign(message).signature)


def test_what_is_signed_is_this_keys_alone():
    assert said().is_signed(PUBLIC)
    assert not said().is_signed(bytes(SigningKey(b"o" * 32).verify_key))


@pytest.mark.parametrize("changed", [{"what": "no"}, {"kid": "o"}, {"v": 2}, {"sig": ""}, {"sig": "&"}])
def test_what_was_changed_is_signed_by_nobody(changed):
    assert not replace(said(), **changed).is_signed(PUBLIC)


def test_the_signature_of_one_sort_is_none_under_another():
    one = said()

    assert not Meant(v=1, kid="k", sig=one.sig, what=one.what).is_signed(PUBLIC)


def test_its_line_has_one_form():
    assert Said(v=1, kid="k", sig="s", what="yes").line() == b'{"kid":"k","sig":"s","v":1,"what":"yes"}\n'
