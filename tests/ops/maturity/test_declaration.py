"""A declaration is as it was signed or it is not, and says which figure is not."""

from __future__ import annotations

import json

import jwt
import msgspec
import pytest
from nacl.signing import SigningKey

from aisecops.model.errors import WireError
from aisecops.ops.maturity.declaration import Declared, checked, signed

KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
FIGURES = Declared(
    spec="AISecOps-v0.1",
    organisation="Example plc",
    at="2026-11-27T12:00:00Z",
    level=3,
    title="Full Runtime Governance",
    control_coverage=0.875,
    last_evaluation="2026-11-26T08:00:00Z",
    known_gaps=("AIS-OBS-01: the record is unchecked",),
    controls={"AIS-CTX-01": True, "AIS-OBS-01": False},
    criteria={"3.gateway": True},
    policy_version="sha256:1",
    record={"seq": 7, "hash": "ab"},
    aisecops="1",
)
OTHERS = {
    str: "something else",
    int: 4,
    float: 1.0,
    tuple: [],
    dict: {},
}


def made(key=KEY, figures=FIGURES):
    return signed(figures, lambda message: key.sign(message).signature, bytes(key.verify_key))


def changed(**figures):
    document = json.loads(made())
    document["declaration"] |= figures
    return json.dumps(document).encode()


def test_what_was_signed_is_found_as_it_was_however_it_is_laid_out():
    found = checked(json.dumps(json.loads(made())).encode())

    assert found.problems == ()
    assert msgspec.convert(found.figures, Declared) == FIGURES


@pytest.mark.parametrize("name", Declared.__struct_fields__)
def test_each_figure_that_is_changed_is_named(name):
    value = msgspec.to_builtins(FIGURES)[name]

    found = checked(changed(**{name: OTHERS[type(value)]}))

    assert [problem.partition(":")[0] for problem in found.problems] == [name]


@pytest.mark.parametrize("name", Declared.__struct_fields__)
def test_each_figure_that_is_left_out_is_named(name):
    document = json.loads(made())
    del document["declaration"][name]

    assert checked(json.dumps(document).encode()).problems == (f"{name}: was signed, and is missing",)


def test_a_figure_that_was_put_in_is_named():
    assert checked(changed(approved_by="the regulator")).problems == ("approved_by: was not signed",)


def test_one_signed_again_by_another_key_holds_but_is_not_by_the_pinned_one():
    forged = made(OTHER, msgspec.structs.replace(FIGURES, level=4))
    pinned = checked(made()).fingerprint

    assert checked(forged).problems == ()
    (problem,) = checked(forged, pinned=pinned).problems
    assert problem.startswith("key: ")
    assert pinned in problem


def test_another_ones_fingerprint_in_the_file_does_not_help():
    document = json.loads(made(OTHER))
    document["key"]["fingerprint"] = checked(made()).fingerprint

    (problem,) = checked(json.dumps(document).encode()).problems

    assert problem.startswith("key: ")


def test_a_signature_over_something_else_does_not_hold():
    document = json.loads(made())
    other = json.loads(made(figures=msgspec.structs.replace(FIGURES, level=4)))
    header, payload, _ = other["jws"].split(".")
    document["jws"] = f"{header}.{payload}.{document['jws'].split('.')[2]}"

    problems = checked(json.dumps(document | {"declaration": other["declaration"]}).encode()).problems

    assert problems == ("jws: the signature does not hold",)


def test_any_jwt_library_can_check_the_signature():
    text = json.loads(made())["jws"]
    key = jwt.PyJWK(jwt.get_unverified_header(text)["jwk"]).key

    assert jwt.decode(text, key, algorithms=["EdDSA"])["digests"].keys() == set(Declared.__struct_fields__)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"declaration": {}, "jws": "a.b.c"}',
        b'{"declaration": 1, "jws": "x"}',
        b'{"declaration": {}, "declaration": {}, "jws": "x"}',
        b" " * (1024 * 1024 + 1),
    ],
)
def test_what_is_no_declaration_is_said_to_be_none(data):
    with pytest.raises(WireError):
        checked(data)


def test_a_token_is_no_declaration():
    document = json.loads(made())
    _, payload, signature = document["jws"].split(".")
    header = jwt.utils.base64url_encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode()

    with pytest.raises(WireError, match="header"):
        checked(json.dumps(document | {"jws": f"{header}.{payload}.{signature}"}).encode())
