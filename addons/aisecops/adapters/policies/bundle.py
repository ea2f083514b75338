"""A rule set as one signed file: written, opened, and refused when it is not signed, or older than what was in force.

A compact JWS (RFC 7515, EdDSA): `typ` is `aisecops-rules+jws`, the payload says `policy_version`, `serial`,
`issued_at` (seconds) and `files`, each name with its text. A token key signs none: `typ` and key are others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from aisecops.adapters.policies.files import Stamp, Unreadable, is_rules_file, stamp_of
from aisecops.controls.policy.parse import MAX_TOTAL_BYTES, policy_version
from aisecops.controls.tokens.codec import ALGORITHM, TokenHeader, signing_input, split, to_base64url
from aisecops.controls.tokens.ed25519 import signed_by
from aisecops.controls.tokens.sign import Signer
from aisecops.model.errors import ConfigError, WireError
from aisecops.model.taken import Taken
from aisecops.model.value import Value

BUNDLE_TYPE = "aisecops-rules+jws"
MAX_CHARACTERS = 2 * MAX_TOTAL_BYTES
"""Of a whole bundle: as much text as rules may have, in JSON and in base64url."""

MAX_SERIAL = 2**53 - 1
"""JSON readers agree on whole numbers up to here."""


class Memory(Protocol):
    """What was taken up before, whoever asks. Safe from several processes at once; survives them all."""

    def last(self) -> Taken | None:
        """The newest that was taken up; None before the first. Raises `ConfigError` when it cannot be read."""
        ...

    def take(self, new: Taken) -> Taken:
        """Remember `new` unless something as new is remembered; return what now is. Durable when it returns."""
        ...


class Bundle(Value):
    """What a bundle says, proven to be `kid`'s."""

    policy_version: str
    serial: int
    issued_at: int
    files: dict[str, str]
    kid: str = ""

    @property
    def taken(self) -> Taken:
        """What is remembered of it."""
        return Taken(serial=self.serial, policy_version=self.policy_version)

    @property
    def content(self) -> dict[str, bytes]:
        """The rules files by their names."""
        return {name: text.encode() for name, text in self.files.items()}


class _Said(Value):
    policy_version: str
    serial: int
    issued_at: int
    files: dict[str, str]


def packed(files: Mapping[str, bytes], signer: Signer, *, serial: int, issued_at: int) -> bytes:
    """The bundle of `files`, which are UTF-8. The same files, serial and time give the same bytes."""
    said = _Said(
        policy_version=policy_version(files),
        serial=serial,
        issued_at=issued_at,
        files={name: files[name].decode() for name in sorted(files)},
    )
    header = TokenHeader(alg=ALGORITHM, typ=BUNDLE_TYPE, kid=signer.key_id)
    signed = signing_input(msgspec.json.encode(header), msgspec.json.encode(said))
    return signed + b"." + to_base64url(signer.sign(signed)).encode() + b"\n"


def opened(data: bytes, keys: Mapping[str, bytes], *, name: str) -> Bundle:
    """The bundle in `data` when one of `keys` (raw, by `kid`) has signed it; `name` is its file's.

    Raises `Unreadable`: it is no bundle, is signed by nobody of these, or is not what it says.
    """
    mend = "make it with `aisecops rules bundle`, and name the public half of its key in rules.signed_by"
    try:
        jws = split(data.decode("ascii").strip(), most=MAX_CHARACTERS)
        header = msgspec.convert(jws.header, TokenHeader)
    except (UnicodeDecodeError, WireError, msgspec.ValidationError):
        raise Unreadable(name, "this is not a signed bundle of rules", mend) from None
    if (header.alg, header.typ) != (ALGORITHM, BUNDLE_TYPE):
        raise Unreadable(name, "what is signed here is not a bundle of rules", mend)
    public = keys.get(header.kid)
    if public is None:
        raise Unreadable(name, "the bundle is signed by a key that is not in rules.signed_by", mend)
    if not signed_by(public, jws.signed, jws.signature):
        raise Unreadable(name, "the bundle's signature is wrong", mend)
    try:
        said = msgspec.json.decode(jws.payload, type=_Said)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unreadable(name, "the bundle does not say what a bundle says", mend) from None
    bundle = Bundle(**msgspec.structs.asdict(said), kid=header.kid)
    named = all(map(_plain, bundle.files)) and 0 <= bundle.serial <= MAX_SERIAL
    if not named or policy_version(bundle.content) != said.policy_version:
        raise Unreadable(name, "the bundle does not hold what it says that it holds", mend)
    return bundle


def _plain(name: str) -> bool:
    """A name that a rules folder could have given: below it, in one spelling."""
    return is_rules_file(name) and "\\" not in name and all(name.split("/"))


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """A key or a memory that cannot be read is a reason to stay with the rules in force, not to end."""
    try:
        yield
    except ConfigError as error:
        raise Unreadable("rules.signed_by", str(error), error.mend) from error


class BundleFile:
    """Rules from one signed file, for `FileRules`. `keys` is asked each time the file is read."""

    def __init__(self, path: Path, keys: Callable[[], Mapping[str, bytes]], memory: Memory) -> None:
        self._path = path
        self._keys = keys
        self._memory = memory
        self._read: Bundle | None = None

    def stamp(self) -> Stamp:
        """What changes when the file does. Raises `Unreadable`."""
        if self._path.is_dir():
            raise Unreadable(
                str(self._path),
                "rules.signed_by is set, and the rules are an unsigned folder",
                "`aisecops rules bundle`, and name the bundle in paths.rules",
            )
        return stamp_of(str(self._path), self._path)

    def files(self) -> dict[str, bytes]:
        """What it holds. Raises `Unreadable`, for a bundle older than what was taken up too."""
        try:
            with self._path.open("rb") as file:
                data = file.read(MAX_CHARACTERS + 1)
        except OSError as error:
            raise Unreadable(
                str(self._path), f"the bundle cannot be read: {error.strerror}", "mend its permissions"
            ) from None
        with _told():
            self._read = opened(data, self._keys(), name=self._path.name)
        self.compare()
        return self._read.content

    def compare(self) -> None:
        """Raises `Unreadable` when the bundle that was read last is older than what was taken up anywhere."""
        with _told():
            last = self._memory.last()
        if self._read is not None and last is not None:
            self._no_older_than(last, self._read.taken)

    def taken(self) -> None:
        """What was read last is in force from now on. Raises `Unreadable` when something newer came in between."""
        if self._read is not None:
            with _told():
                last = self._memory.take(self._read.taken)
            self._no_older_than(last, self._read.taken)

    def _no_older_than(self, last: Taken, read: Taken) -> None:
        if read.serial < last.serial:
            raise Unreadable(
                self._path.name,
                f"the bundle is older (serial {read.serial}) than the one that was in force (serial {last.serial})",
                "put the newest bundle here, or sign these rules again with a higher serial",
            )
        if read.serial == last.serial and read != last:
            raise Unreadable(
                self._path.name,
                f"another bundle with serial {read.serial} was in force",
                "sign these rules again with a higher serial",
            )
