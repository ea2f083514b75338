"""The declaration of spec 21.3: level, coverage, date of the last evaluation, known gaps; signed, verified offline.

One JSON file that people read too. Its `jws` is a compact JWS (EdDSA) over a digest of each figure, so that any JWS
library can check it and a changed figure can be named. The header carries the public key: a machine that knows nothing
else can check that nothing was changed. Who is to be believed is the reader's to say, by pinning the key's fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import orjson
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from aisecops import SPEC_VERSION, __version__
from aisecops.controls.tokens.codec import ALGORITHM, read_object, signing_input, split, to_base64url
from aisecops.controls.tokens.jwks import read_jwk, thumbprint, to_jwk
from aisecops.model.errors import WireError
from aisecops.model.value import Value
from aisecops.ops.maturity.assess import Assessment

TYPE = "aisecops-declaration+jws"
MAX_BYTES = 1024 * 1024


class Declared(Value):
    """The figures. `record` is where the record stood: whoever has it can hold the rest against it."""

    spec: str
    organisation: str
    at: str
    level: int
    title: str
    control_coverage: float
    last_evaluation: str
    known_gaps: tuple[str, ...]
    controls: dict[str, bool]
    criteria: dict[str, bool]
    policy_version: str
    record: dict[str, Any]
    aisecops: str


class Checked(Value):
    """What a declaration came to on this machine; `problems` names each figure that is not as it was signed."""

    fingerprint: str
    figures: dict[str, Any]
    problems: tuple[str, ...]


def declared(now: Assessment, *, organisation: str, seq: int, end: str) -> Declared:
    """The figures of an assessment, and the line (`seq`, hash `end`) that the record stood at."""
    return Declared(
        spec=SPEC_VERSION,
        organisation=organisation,
        at=now.at,
        level=now.level,
        title=now.title,
        control_coverage=now.coverage,
        last_evaluation=now.evaluated_at,
        known_gaps=now.gaps,
        controls={one.control: one.in_force for one in now.controls},
        criteria={f"{one.level}.{one.name}": one.met for one in now.criteria},
        policy_version=now.policy_version,
        record={"seq": seq, "hash": end},
        aisecops=__version__,
    )


def signed(figures: Declared, sign: Callable[[bytes], bytes], public_key: bytes) -> bytes:
    """The file. `sign` gives the Ed25519 signature of bytes by the key whose raw public half is `public_key`."""
    plain: dict[str, Any] = msgspec.to_builtins(figures)
    header = {"alg": ALGORITHM, "typ": TYPE, "jwk": to_jwk(public_key)}
    payload = {"digests": {name: _digest(name, value) for name, value in plain.items()}}
    text = signing_input(orjson.dumps(header), orjson.dumps(payload))
    fingerprint = thumbprint(public_key)
    document = {
        "declaration": plain,
        "key": {"fingerprint": fingerprint, **to_jwk(public_key)},
        "verify": f"aisecops declare verify FILE --key {fingerprint}",
        "jws": f"{text.decode()}.{to_base64url(sign(text))}",
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


def checked(data: bytes, *, pinned: str = "") -> Checked:
    """Hold a file against its own signature, and a `pinned` fingerprint. Raises `WireError` for no declaration."""
    if len(data) > MAX_BYTES:
        raise WireError(f"a declaration has at most {MAX_BYTES} bytes")
    document = read_object(data)
    figures, text = document.get("declaration"), document.get("jws")
    if not isinstance(figures, dict) or not isinstance(text, str):
        raise WireError("this is no declaration: it must have `declaration` and `jws`")
    jws = split(text)
    if (jws.header.get("alg"), jws.header.get("typ")) != (ALGORITHM, TYPE) or len(jws.header) > 3:  # noqa: PLR2004
        raise WireError(f"the signature's header must say {ALGORITHM} and {TYPE}, and nothing but a key beside")
    key = read_jwk(jws.header.get("jwk"))
    fingerprint = thumbprint(key)
    digests = read_object(jws.payload).get("digests")
    problems = []
    try:
        VerifyKey(key).verify(jws.signed, jws.signature)
    except (BadSignatureError, ValueError):
        problems.append("jws: the signature does not hold")
    if pinned and pinned != fingerprint:
        problems.append(f"key: it is {fingerprint}, and not the pinned {pinned}")
    named = document.get("key")
    if not isinstance(named, dict) or named.get("fingerprint") != fingerprint:
        problems.append("key: the fingerprint that the file names is not that of the key it is signed with")
    problems += _changed(figures, digests if isinstance(digests, dict) else {})
    return Checked(fingerprint=fingerprint, figures=figures, problems=tuple(problems))


def _changed(figures: dict[str, Any], digests: dict[str, Any]) -> Iterator[str]:
    for name, value in figures.items():
        if name not in digests:
            yield f"{name}: was not signed"
        elif digests[name] != _digest(name, value):
            yield f"{name}: `{_short(value)}` is not what was signed"
    yield from (f"{name}: was signed, and is missing" for name in digests if name not in figures)
    needed = Declared.__struct_fields__
    yield from (f"{name}: was never declared" for name in needed if name not in figures and name not in digests)


def _digest(name: str, value: Any) -> str:
    text = orjson.dumps([name, value], option=orjson.OPT_SORT_KEYS)
    return f"sha256:{hashlib.sha256(text).hexdigest()}"


def _short(value: Any) -> str:
    text = orjson.dumps(value).decode()
    return text if len(text) <= 60 else f"{text[:60]}..."  # noqa: PLR2004 - as much as fits a line
