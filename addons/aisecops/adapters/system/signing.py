"""Private Ed25519 keys that stand in a file or in a variable, each behind the port `Signer`.

Knows where a seed is and what it looks like there: 32 raw bytes in a file for its owner alone, base64url in a variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson
from nacl.signing import SigningKey

from aisecops.adapters.system.files import PRIVATE, PUBLIC, read_private, write_whole
from aisecops.controls.tokens.codec import from_base64url
from aisecops.controls.tokens.jwks import KEY_BYTES, PublicKey, public_key, thumbprint, to_jwks
from aisecops.model.errors import ConfigError, WireError

TOKEN_KEY = "AISECOPS_TOKEN_KEY_SECRET"
RULES_KEY = "AISECOPS_RULES_KEY_SECRET"


class SeedSigner:
    """Implements the port `Signer` with one seed that does not change."""

    def __init__(self, seed: bytes) -> None:
        self._private = SigningKey(seed)
        self.public = bytes(self._private.verify_key)
        self._kid = thumbprint(self.public)

    @property
    def key_id(self) -> str:
        return self._kid

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message).signature


def file_signer(path: Path) -> SeedSigner:
    """The key in the file `path`. Raises `ConfigError` when it is not there, open to others or no key."""
    try:
        seed = read_private(path)
    except OSError as error:
        raise ConfigError(f"the key `{path}` cannot be read: {error.strerror}", f"aisecops keys make {path}") from error
    if len(seed) != KEY_BYTES:
        raise ConfigError(f"`{path}` is no Ed25519 key of {KEY_BYTES} raw bytes", f"aisecops keys make {path}")
    return SeedSigner(seed)


def held_signer(variable: str, environment: Mapping[str, str]) -> SeedSigner | None:
    """The key in a variable; None when it is not set. Raises `ConfigError`, which never repeats what is in it."""
    text = environment.get(variable, "").strip()
    if not text:
        return None
    try:
        seed = from_base64url(text)
    except WireError:
        seed = b""
    if len(seed) != KEY_BYTES:
        raise ConfigError(
            f"{variable} holds no Ed25519 key", f"put {KEY_BYTES} bytes there, as base64url without padding"
        )
    return SeedSigner(seed)


def make_key(path: Path, *, now_s: int) -> PublicKey:
    """A new key: the private half in `path`, the public one beside it as a JWK Set. Raises `ConfigError`."""
    if path.exists() or public_path(path).exists():
        raise ConfigError(f"`{path}` or its public half is there already", "name another file")
    private = SigningKey.generate()
    new = public_key(bytes(private.verify_key), iat=now_s)
    write_whole(path, bytes(private), mode=PRIVATE)
    write_whole(public_path(path), orjson.dumps(to_jwks([new]), option=orjson.OPT_INDENT_2), mode=PUBLIC)
    return new


def public_path(path: Path) -> Path:
    """Where the public half of the key in `path` is: `rules.key` has `rules.jwks.json`."""
    return path.with_suffix(".jwks.json")
