"""The control plane's services behind their API."""

from __future__ import annotations

import contextlib
import functools
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from aisecops.adapters.control.hooks import Hooks
from aisecops.adapters.oidc.provider import Providers
from aisecops.adapters.system.heartbeat import lagging
from aisecops.adapters.system.keys import KeyFolder, PublicKeys
from aisecops.adapters.system.secrets import operator_secret
from aisecops.adapters.system.signing import TOKEN_KEY, held_signer
from aisecops.gateway.ports import Clock, Signer
from aisecops.gateway.runs.issue import TokenService
from aisecops.ops.control.announcing import Announcer
from aisecops.ops.control.app import control_app
from aisecops.ops.control.approval_calls import ApprovalCalls
from aisecops.ops.control.door import Door
from aisecops.ops.control.evaluation_calls import EvaluationCalls
from aisecops.ops.control.maturity_calls import MaturityCalls
from aisecops.ops.control.oidc import SignIn
from aisecops.ops.control.public_calls import PublicCalls
from aisecops.ops.control.risk_calls import RiskCalls
from aisecops.ops.control.run_calls import RunCalls
from aisecops.ops.control.standing_calls import StandingCalls
from aisecops.ops.control.token_calls import TokenCalls
from aisecops.ops.control.webhook_calls import WebhookCalls
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.maturity.assess import shown
from aisecops.ops.maturity.gather import Maturity
from aisecops.ops.settings import Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.wiring.dashboard import dashboard
from aisecops.ops.wiring.foundation import AUDIENCE, ISSUER, Foundation, gateway_secret, vouching


def token_signer(settings: Settings, clock: Clock, variables: Mapping[str, str]) -> Signer:
    """Who signs tokens: the key in AISECOPS_TOKEN_KEY_SECRET, else that in `certs/`; one is made on first start.

    Its public half is published in `certs/jwks.json` either way. One who signs elsewhere is put here.
    """
    folder = KeyFolder(settings.paths.certs, clock)
    held = held_signer(TOKEN_KEY, variables)
    if held is not None:
        folder.adopt(held.public)
        return held
    folder.create_if_missing()
    return folder.signer()


@contextlib.asynccontextmanager
async def signing_in(base: Foundation) -> AsyncIterator[SignIn]:
    """People whom an OpenID provider vouches for, when the rules name one."""
    providers = Providers(base.clock, trust=base.settings.control_authorities)
    try:
        yield SignIn(rules=base.rules, clock=base.clock, providers=providers, secret=base.secrets.secret)
    finally:
        await providers.close()


@contextlib.asynccontextmanager
async def reaching(base: Foundation) -> AsyncIterator[Hooks]:
    """Where people are told of held steps."""
    hooks = Hooks(trust=base.settings.control_authorities)
    try:
        yield hooks
    finally:
        await hooks.close()


def announcer(base: Foundation, hooks: Hooks) -> Announcer:
    """Tells people of held steps, as the rules say."""
    return Announcer(
        store=base.store,
        rules=base.rules,
        clock=base.clock,
        secret=base.secrets.secret,
        post=hooks.post,
        control_url=base.settings.control_url,
    )


def token_service(base: Foundation, *, audience: str = AUDIENCE) -> TokenService:
    """What issues capability tokens; makes the signing key on first start."""
    return TokenService(
        base,
        signer=token_signer(base.settings, base.clock, environment()),
        issuer=ISSUER,
        audience=audience,
        points=base.points,
    )


def control_plane(
    base: Foundation,
    index: RecordIndex,
    maturity: Maturity,
    *,
    proxy_url: str,
    sign_in: SignIn,
    hooks: Hooks,
    evaluations: EvaluationCalls,
    beside: Sequence[BaseRoute] = (),
) -> Starlette:
    """The control plane's services behind their API, and the dashboard; `beside` are routes of somebody else's."""
    settings = base.settings
    tokens = token_service(base)
    keeper = Doorkeeper(
        base.identities(),
        operator_secret=operator_secret(settings.paths.state),
        gateway_secret=gateway_secret(settings),
        vouching=vouching(base),
        by_token=sign_in.bearer,
    )
    public = PublicCalls(
        store=base.store,
        rules=base.rules,
        keys=PublicKeys(settings.paths.certs / "jwks.json", base.clock),
        lagging=functools.partial(lagging, settings.paths.state),
        room=lambda: shutil.disk_usage(settings.record_folder).free,
        trouble=base.record_trouble,
    )
    record_folder = settings.record_folder
    groups = (
        RunCalls(store=base.store, runs=base.runs(), record_folder=record_folder, proxy_url=proxy_url),
        TokenCalls(store=base.store, tokens=tokens),
        ApprovalCalls(store=base.store, approvals=base.approvals()),
        WebhookCalls(
            store=base.store,
            rules=base.rules,
            approvals=base.approvals(),
            clock=base.clock,
            secret=base.secrets.secret,
            post=hooks.post,
        ),
        RiskCalls(base.moved_risk()),
        StandingCalls(rules=base.rules, inventory=base.inventory(), record_folder=record_folder),
        MaturityCalls(maturity),
        evaluations,
    )

    async def assessed() -> dict[str, Any]:
        return shown(await maturity.assessed())

    pages = dashboard(base, keeper, index, sign_in, assessed)
    return control_app(Door(keeper), public, groups, (*beside, *pages.routes()))
