"""The control plane's side of an evaluation of the running gateway: who may open a round, and the API that it has."""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from aisecops.adapters.system.keys import PublicKeys
from aisecops.adapters.system.rounds import Rounds as RoundFile
from aisecops.adapters.system.secrets import operator_secret
from aisecops.gateway.annex import Annex
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.model.round import Round
from aisecops.ops.control.answering import problem
from aisecops.ops.control.app import control_app
from aisecops.ops.control.approval_calls import ApprovalCalls
from aisecops.ops.control.door import Door
from aisecops.ops.control.evaluation_calls import EvaluationCalls, Rounds
from aisecops.ops.control.public_calls import PublicCalls
from aisecops.ops.control.run_calls import RunCalls
from aisecops.ops.control.standing_calls import StandingCalls
from aisecops.ops.control.token_calls import TokenCalls
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.evaluation.places import hosts
from aisecops.ops.wiring.addresses import own_addresses
from aisecops.ops.wiring.control import token_service
from aisecops.ops.wiring.evaluation import AUDIENCE, PATH, SLOTS, authority, evaluated_foundation, rounds_of
from aisecops.ops.wiring.foundation import Foundation, gateway_secret, vouching


def evaluation_calls(base: Foundation) -> EvaluationCalls:
    """The calls that open and close rounds."""
    found = rounds_of(base)
    rounds = Rounds(
        open=functools.partial(_opened, found),
        close=found.close,
        told=functools.partial(_told, base, found),
        own_ports=frozenset(port for _, port in own_addresses(base.settings)),
    )
    allowed = base.settings.evaluation.live
    return EvaluationCalls(base, rounds=rounds if allowed else None)


def _opened(rounds: RoundFile, new: Round) -> bool:
    """Also takes away what rounds before it have left."""
    if not rounds.open(new):
        return False
    for left in rounds.folder(new.evaluation_id).parent.glob("eval_*"):
        shutil.rmtree(left, ignore_errors=True)
    return True


def _told(base: Foundation, rounds: RoundFile, of: Round) -> Mapping[str, Any]:
    """What whoever plays it needs: secrets of this round alone, the stand-ins' certificate, the rules in force."""
    certificate, key = authority(base.settings).issue(hosts(SLOTS))
    version = base.rules.current().policy_version
    return {
        "path": PATH,
        "policy_version": version,
        "rules": {name: data.decode() for name, data in base.files.files_of(version).items()},
        "agents_secret": rounds.secret(of, "agents"),
        "others_secret": rounds.secret(of, "others"),
        "operator_secret": operator_secret(rounds.folder(of.evaluation_id)),
        "certificate": certificate.decode(),
        "key": key.decode(),
    }


@contextlib.asynccontextmanager
async def evaluation_routes(base: Foundation) -> AsyncIterator[Sequence[BaseRoute]]:
    """The API of the open round, below a path of its own; nothing where it is not allowed."""
    if not base.settings.evaluation.live:
        yield ()
        return
    rounds = rounds_of(base)
    annex = Annex(rounds.current, functools.partial(_plane, base, rounds))
    async with annex.running():
        yield (Mount(PATH, app=_OfRound(annex)),)


@contextlib.asynccontextmanager
async def _plane(base: Foundation, rounds: RoundFile, found: Round) -> AsyncIterator[Starlette]:
    async with evaluated_foundation(base, rounds, found) as own:
        settings = own.settings
        keeper = Doorkeeper(
            own.identities(),
            operator_secret=operator_secret(settings.paths.state),
            gateway_secret=gateway_secret(settings),
            vouching=vouching(own),
        )
        keys = PublicKeys(settings.paths.certs / "jwks.json", own.clock)
        groups = (
            RunCalls(
                store=own.store,
                runs=own.runs(),
                record_folder=settings.record_folder,
                proxy_url=base.settings.proxy.told_url,
            ),
            TokenCalls(store=own.store, tokens=token_service(own, audience=AUDIENCE)),
            ApprovalCalls(store=own.store, approvals=own.approvals()),
            StandingCalls(rules=own.rules, inventory=own.inventory(), record_folder=settings.record_folder),
        )
        public = PublicCalls(store=own.store, rules=own.rules, keys=keys, lagging=list)
        yield control_app(Door(keeper), public, groups)
        # the gateways notice within the same time
    shutil.rmtree(rounds.folder(found.evaluation_id), ignore_errors=True)


class _OfRound:
    """The API of the open round, and a refusal while none is."""

    def __init__(self, annex: Annex[Starlette]) -> None:
        self._annex = annex

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = await self._annex.now()
        nobody: ASGIApp = problem(Refuse(code=Code.POLICY_DENIED, detail="no evaluation is open"), 404)
        await (found[1] if found else nobody)(scope, receive, send)
