"""Agents that tell texts to receivers, by whatever worker, through the real detectors; and values to cut."""

from __future__ import annotations

from aisecops.adapters.store.pieces import MemoryPieces
from aisecops.controls.dlp.scan import scan
from aisecops.gateway.leaving.trails import Trails
from aisecops.model.finding import Finding
from aisecops.model.ids import RunId
from aisecops.model.inside_bytes import no_file
from aisecops.wire.files.opened import text_inside
from support.detectors import KEY, every_detector

ROOT = RunId("run_1")
TO = ("api.test", 443)
KINDS = frozenset(
    {"CREDIT_CARD", "IBAN_CODE", "US_SSN", "CANARY", "PRIVATE_KEY", "AWS_KEY", "VCS_TOKEN", "DATABASE_URL"}
)
AWS = "AKIA" + "QW3ERT5YUI7OPA2S"
GITHUB = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
IBAN = "DE89370400440532013000"
CARD = "4111111111111111"
_DASHES = "-" * 5
PEM = (
    f"{_DASHES}BEGIN RSA {'PRIVATE'} KEY{_DASHES}\nMII" + "EpAIBAAKCAQEA7bq"
)  # in pieces: a key in a file is none of ours
URL = "postgres://" + "admin:hunter2pass@db.internal/x"


class Scanner:
    """The real detectors, in this process."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def scan(self, parts, entities, *, whole=True):
        self.asked += [text for _, text in parts]
        return scan(parts, entities, every_detector(), KEY, opener=text_inside if whole else no_file)

    async def open_files(self, _files):
        raise AssertionError


class Sender:
    """An agent of one run, whose texts stand wherever it says; each worker it meets knows the same store."""

    def __init__(self, store: MemoryPieces | None = None, *, workers: int = 1) -> None:
        self.store = store or MemoryPieces()
        self.scanner = Scanner()
        self.workers = [Trails(self.store, self.scanner) for _ in range(workers)]
        self.sent = 0

    async def send(
        self, *texts: str, at: str = "body:/text", to: tuple[str, int] = TO, root: RunId = ROOT
    ) -> list[Finding]:
        worker = self.workers[self.sent % len(self.workers)]
        self.sent += 1
        places = [at.replace("N", str(number)) for number in range(len(texts))]
        return list(await worker.scanned(root, to, list(zip(places, texts, strict=True)), KINDS))

    async def all(self, *texts: str, **how: str) -> list[str]:
        """The kinds found in the last of `texts`, each sent alone; nothing may be found before it."""
        found: list[Finding] = []
        for text in texts:
            assert found == []
            found = await self.send(text, **how)
        return sorted({one.entity for one in found})


def cut(value: str, *at: int) -> list[str]:
    return [value[start:end] for start, end in zip((0, *at), (*at, len(value)), strict=True)]
