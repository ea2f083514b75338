"""Maturity of an installation: what assesses it, and what puts it on record."""

from __future__ import annotations

from nacl.signing import SigningKey

from aisecops.adapters.system.secrets import secret_key
from aisecops.controls.tokens.jwks import thumbprint
from aisecops.model.record import Event, EventName
from aisecops.ops.maturity.assess import Assessment
from aisecops.ops.maturity.declaration import declared, signed
from aisecops.ops.maturity.gather import Maturity
from aisecops.ops.wiring.foundation import Foundation

SERVES = ("AIS-GOV-01",)


def maturity_of(base: Foundation) -> Maturity:
    """What assesses this installation."""
    return Maturity(
        record_folder=base.settings.record_folder,
        rules=base.rules,
        store=base.store,
        inventory=base.inventory(),
        clock=base.clock,
    )


async def keep_assessment(base: Foundation, now: Assessment) -> None:
    """Put an assessment into the record: figures for the trend, and each criterion's yes or no. Durable on return."""
    await base.record.append(
        Event(
            event=EventName.MATURITY_ASSESSED,
            policy_version=now.policy_version,
            control=SERVES,
            fields={
                "level": now.level,
                "coverage": now.coverage,
                "criteria": {f"{one.level}.{one.name}": one.met for one in now.criteria},
                "controls": {one.control: one.in_force for one in now.controls},
            },
        ),
        durable=True,
    )


async def record_review(base: Foundation, *, by: str, digest: str) -> None:
    """Put on record that a person has reviewed the coverage, and the SHA-256 of their report."""
    await base.record.append(
        Event(
            event=EventName.MATURITY_REVIEWED,
            policy_version=base.rules.current().policy_version,
            control=SERVES,
            fields={"by": by, "report_sha256": digest},
        ),
        durable=True,
    )


async def declare_now(base: Foundation, *, organisation: str) -> tuple[bytes, Assessment, str]:
    """The signed declaration, what it says, and its key's fingerprint. Recorded before anybody has it."""
    key = SigningKey(secret_key(base.settings.paths.state, "declaration"))
    public = bytes(key.verify_key)
    fingerprint = thumbprint(public)
    here = maturity_of(base)
    now = await here.assessed()
    seq, end = here.record_end
    figures = declared(now, organisation=organisation, seq=seq, end=end)
    document = signed(figures, lambda message: key.sign(message).signature, public)
    await base.record.append(
        Event(
            event=EventName.DECLARATION_SIGNED,
            policy_version=now.policy_version,
            control=SERVES,
            fields={"level": now.level, "coverage": now.coverage, "gaps": len(now.gaps), "key": fingerprint},
        ),
        durable=True,
    )
    return document, now, fingerprint
