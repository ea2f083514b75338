"""The keys that sign capability tokens: private halves for the control plane, public ones for everybody.

Layout of `certs/`: `keys/token-KID.key` is a raw Ed25519 seed, mode 0600 in a folder 0700; `jwks.json` is
the JWK Set that gateways read, and the one place that says which key is in use: the first without `exp`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

import orjson
from msgspec.structs import replace
from nacl.signing import SigningKey

from aisecops.adapters.system.files import (
    PRIVATE,
    PUBLIC,
    locked,
    made_folder,
    private_folder,
    read_private,
    write_whole,
)
from aisecops.controls.tokens.jwks import KEY_BYTES, PublicKey, from_jwks, public_key, thumbprint, to_jwks
from aisecops.gateway.ports import Clock
from aisecops.model.errors import ConfigError, WireError

DEFAULT_OVERLAP_S = 900
"""How long a rotated key still verifies: the longest life of a token it has signed."""

LOOK_EVERY_MS = 1000
ADOPT_AFTER_S = 5
"""A new key signs only once every gateway has had the time to read its public half."""

GRACE_MS = 900_000
"""How long the last good public keys serve when their file cannot be read; then nothing verifies."""

_log = logging.getLogger(__name__)


class KeyFolder:
    """The token keys in `certs/`. Any number of processes may use it at once; changes are made under a lock."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._private = folder / "keys"
        self.public_path = folder / "jwks.json"

    def create_if_missing(self) -> None:
        """Make the first key when there is no key set yet; raises ConfigError when the private half is gone."""
        private_folder(self._private)
        with locked(self._private):
            if not self.public_path.exists():
                self._add((), overlap_s=0)
            self.load(in_use(self.published()))

    def rotate(self, *, overlap_s: int = DEFAULT_OVERLAP_S) -> PublicKey:
        """Make a new key that signs from now on, and return its public half.

        Older ones verify for `overlap_s` more, their private halves are removed. With 0 they count for
        nothing at once, as after a theft.
        """
        private_folder(self._private)
        with locked(self._private):
            return self._add(self.published() if self.public_path.exists() else (), overlap_s=overlap_s)

    def adopt(self, x: bytes, *, overlap_s: int = DEFAULT_OVERLAP_S) -> PublicKey:
        """Publish the key `x`, which somebody else holds, as the one in use; what signed before ends as in `rotate`.

        Nothing happens when it is the one in use already.
        """
        made_folder(self.public_path.parent)
        private_folder(self._private)
        with locked(self._private):
            old = self.published() if self.public_path.exists() else ()
            new = public_key(x, iat=self._clock.now_ms() // 1000)
            if old and in_use(old).kid == new.kid:
                return in_use(old)
            self._publish(new, [key for key in old if key.kid != new.kid], overlap_s=overlap_s)
            return new

    def published(self) -> tuple[PublicKey, ...]:
        """Every key in the key set, the one in use first; raises ConfigError when it cannot be read."""
        return read_key_set(self.public_path)

    def signer(self) -> FolderSigner:
        """The key in use, and after a rotation the next; raises ConfigError when there is none."""
        return FolderSigner(self, self._clock)

    def load(self, key: PublicKey) -> SigningKey:
        """The private half of `key`; raises ConfigError when it is missing, open to others or another's."""
        path = self._seed(key.kid)
        try:
            seed = read_private(path)
        except OSError as error:
            raise ConfigError(f"the signing key `{path}` cannot be read", "aisecops keys rotate") from error
        if len(seed) != KEY_BYTES or thumbprint(bytes((private := SigningKey(seed)).verify_key)) != key.kid:
            raise ConfigError(f"`{path}` does not hold the key it is named for", "aisecops keys rotate")
        return private

    def _add(self, old: tuple[PublicKey, ...], *, overlap_s: int) -> PublicKey:
        private = SigningKey.generate()
        new = public_key(bytes(private.verify_key), iat=self._clock.now_ms() // 1000)
        write_whole(self._seed(new.kid), bytes(private), mode=PRIVATE)
        self._publish(new, old, overlap_s=overlap_s)
        return new

    def _publish(self, new: PublicKey, old: Iterable[PublicKey], *, overlap_s: int) -> None:
        ends = new.iat + overlap_s
        kept = [replace(key, exp=ends if key.exp is None else min(key.exp, ends)) for key in old]
        document = to_jwks([new, *(key for key in kept if key.accepted(new.iat))])
        write_whole(self.public_path, orjson.dumps(document, option=orjson.OPT_INDENT_2), mode=PUBLIC)
        # what no longer signs cannot leak; a control plane that runs still holds its own until it takes up the new
        for path in self._private.glob("token-*.key"):
            if path != self._seed(new.kid):
                path.unlink(missing_ok=True)

    def _seed(self, kid: str) -> Path:
        return self._private / f"token-{kid}.key"


class FolderSigner:
    """Implements the port `Signer`. Looks for a rotation at most once a second, when `key_id` is asked.

    Then raises ConfigError when the key set or the key it names cannot be read: nothing is signed.
    """

    def __init__(self, folder: KeyFolder, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._look_ms = clock.now_ms() + LOOK_EVERY_MS
        self._key = in_use(folder.published())
        self._private = folder.load(self._key)

    @property
    def key_id(self) -> str:
        now_ms = self._clock.now_ms()
        if now_ms >= self._look_ms:
            self._follow(now_ms // 1000)
            self._look_ms = now_ms + LOOK_EVERY_MS
        return self._key.kid

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message).signature

    def _follow(self, now_s: int) -> None:
        published = self._folder.published()
        newest = in_use(published)
        still_counts = any(key.kid == self._key.kid and key.accepted(now_s) for key in published)
        if newest.kid != self._key.kid and not (still_counts and now_s < newest.iat + ADOPT_AFTER_S):
            self._key, self._private = newest, self._folder.load(newest)


class PublicKeys:
    """Implements the port `KeySet` from a JWK Set file. Looks at the file at most once a second.

    A key that was removed or has ended counts for nothing from the next look on. When the file vanishes or
    breaks, the last good keys serve for 15 minutes and then none; that it broke, and that it is mended,
    is logged once each. Raises ConfigError when it cannot be read at the start.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        now_ms = clock.now_ms()
        self._mark = _mark(path)
        self._keys = read_key_set(path)
        self._look_ms = now_ms + LOOK_EVERY_MS
        self._broken_ms: int | None = None
        self._accepted = _accepted(self._keys, now_ms // 1000)

    def verify_keys(self) -> Mapping[str, bytes]:
        now_ms = self._clock.now_ms()
        if now_ms >= self._look_ms:
            self._look_ms = now_ms + LOOK_EVERY_MS
            self._look(now_ms)
            self._accepted = _accepted(self._keys, now_ms // 1000)
        return self._accepted

    def _look(self, now_ms: int) -> None:
        mark = _mark(self._path)
        if mark is not None and mark == self._mark and self._broken_ms is None:
            return
        try:
            self._keys = read_key_set(self._path)
        except ConfigError as error:
            self._bear(error, now_ms)
            return
        self._mark = mark
        if self._broken_ms is not None:
            self._broken_ms = None
            _log.warning("the key set `%s` can be read again", self._path)

    def _bear(self, error: ConfigError, now_ms: int) -> None:
        if self._broken_ms is None:
            self._broken_ms = now_ms
            _log.error("%s; the last good keys serve for %d s more", error, GRACE_MS // 1000)
        elif self._keys and now_ms - self._broken_ms >= GRACE_MS:
            self._keys = ()
            _log.error("%s for too long; no capability token is accepted any more", error)


def read_key_set(path: Path) -> tuple[PublicKey, ...]:
    """The keys in the file `path`; raises ConfigError when it is missing, broken or without a key in use."""
    try:
        keys = from_jwks(path.read_bytes())
    except OSError as error:
        mend = "start the control plane once, or `aisecops keys rotate`"
        raise ConfigError(f"the key set `{path}` cannot be read", mend) from error
    except WireError as error:
        mend = "restore it, or remove it and `aisecops keys rotate`"
        raise ConfigError(f"the key set `{path}` is broken: {error.detail}", mend) from error
    in_use(keys)
    return keys


def in_use(keys: tuple[PublicKey, ...]) -> PublicKey:
    """The key that signs: the first that has no end; raises ConfigError when all have."""
    found = next((key for key in keys if key.exp is None), None)
    if found is None:
        raise ConfigError("no key in the key set is in use", "aisecops keys rotate")
    return found


def _accepted(keys: tuple[PublicKey, ...], now_s: int) -> Mapping[str, bytes]:
    return MappingProxyType({key.kid: key.x for key in keys if key.accepted(now_s)})


def _mark(path: Path) -> tuple[int, int, int] | None:
    """What changes when the file does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
