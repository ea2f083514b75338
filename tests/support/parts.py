"""What a gateway in one process has in the place of keys, names, scanner, meter and secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nacl.signing import SigningKey

from aisecops.controls.tokens.jwks import thumbprint
from aisecops.model.finding import Finding
from aisecops.wire.files.opened import Opened, opened
from aisecops.wire.files.shelf import File


class SeedKeys:
    """One Ed25519 key made from a constant seed: for tests alone."""

    def __init__(self) -> None:
        self._key = SigningKey(b"\x07" * 32)

    @property
    def key_id(self) -> str:
        return thumbprint(bytes(self._key.verify_key))

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message).signature

    def verify_keys(self) -> Mapping[str, bytes]:
        return {self.key_id: bytes(self._key.verify_key)}


class ListedNames:
    """A resolver over a table; what is not in it does not resolve. Remembers what was asked."""

    def __init__(self, table: dict[str, str] | None = None) -> None:
        self.table = table or {}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        self.asked.append(host)
        if host not in self.table:
            return (("93.184.216.34", port),)
        if not self.table[host]:
            raise OSError("no such name")
        return ((self.table[host], port),)

    def is_fixed(self, host: str, port: int) -> bool:
        return False

    def is_at_hand(self, host: str, port: int) -> bool:
        return host in self.asked


class WordScanner:
    """Stands for the worker processes, which have tests of their own: finds the words it is told to find."""

    def __init__(self) -> None:
        self.found: tuple[Finding, ...] = ()
        self.seen: list[tuple[str, str]] = []

    async def open_files(self, files: Sequence[File]) -> Opened:
        return opened(files)

    async def scan(
        self, parts: Sequence[tuple[str, str]], entities: frozenset[str], *, whole: bool = True
    ) -> tuple[Finding, ...]:
        if not whole:
            return ()
        self.seen += parts
        return tuple(finding for finding in self.found if finding.entity in entities)


class Tally:
    """A meter that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def decided(self, **said: Any) -> None:
        self.calls.append(("decided", said))

    def stage(self, name: str, seconds: float) -> None:
        self.calls.append(("stage", (name, seconds)))

    def token_rejected(self, code: str) -> None:
        self.calls.append(("token_rejected", code))

    def egress_found(self, entity: str, action: str) -> None:
        self.calls.append(("egress_found", (entity, action)))

    def injection_found(self, detector: str, tier: str) -> None:
        self.calls.append(("injection_found", (detector, tier)))

    def budget_exceeded(self, agent: str, budget: str) -> None:
        self.calls.append(("budget_exceeded", (agent, budget)))

    def contained(self, seconds: float) -> None:
        self.calls.append(("contained", seconds))

    def uninspected(self, reason: str, size_bytes: int) -> None:
        self.calls.append(("uninspected", (reason, size_bytes)))


class TableSecrets:
    """Secrets by source."""

    def __init__(self, **table: str) -> None:
        self.table = {f"env:{name}": value for name, value in table.items()}

    def secret(self, source: str) -> bytes | None:
        value = self.table.get(source)
        return value.encode() if value else None
