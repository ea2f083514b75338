"""The dashboard's pages, and the index of the record that they read."""

from __future__ import annotations

import secrets as stdlib_secrets

from aisecops.gateway.people.approve import Approvals
from aisecops.gateway.pinned.inventory import Inventory
from aisecops.gateway.ports import Clock, RuleSource, Store
from aisecops.gateway.runs.runs import Runs
from aisecops.ops.control.oidc import SignIn
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.dashboard.app import Dashboard
from aisecops.ops.dashboard.approval_pages import ApprovalPages
from aisecops.ops.dashboard.live import Live
from aisecops.ops.dashboard.overview import Overview
from aisecops.ops.dashboard.policy_pages import Archived, PolicyPages
from aisecops.ops.dashboard.records import Records
from aisecops.ops.dashboard.run_pages import RunPages
from aisecops.ops.dashboard.sign_in import ProviderLogin
from aisecops.ops.dashboard.standing_pages import Assessed, StandingPages
from aisecops.ops.dashboard.trends import Trends
from aisecops.ops.dashboard.visits import Visits
from aisecops.ops.figures.index import RecordIndex
from aisecops.ops.settings import Settings
from aisecops.ops.wiring.foundation import Foundation

COOKIE_BYTES = 32


def record_index(settings: Settings) -> RecordIndex:
    """What is known of the record, kept in the state folder between starts."""
    return RecordIndex(settings.record_folder, settings.paths.state / "figures.index")


def dashboard(
    base: Foundation, keeper: Doorkeeper, index: RecordIndex, sign_in: SignIn, assessed: Assessed
) -> Dashboard:
    """All pages of an installation; whoever may come in is asked of the API's own doorkeeper, or signs in."""
    pages = pages_of(
        keeper=keeper,
        visits=Visits(base.clock, _new_secret),
        clock=base.clock,
        store=base.store,
        rules=base.rules,
        runs=base.runs(),
        approvals=base.approvals(),
        inventory=base.inventory(),
        index=index,
        archived=base.files.archived,
        assessed=assessed,
    )
    provider = ProviderLogin(
        pages.login,
        sign_in,
        clock=base.clock,
        control_url=base.settings.control_url,
        new_secret=_new_secret,
    )
    pages.add(provider.routes())
    return pages


def _new_secret() -> str:
    return stdlib_secrets.token_urlsafe(COOKIE_BYTES)


def pages_of(
    *,
    keeper: Doorkeeper,
    visits: Visits,
    clock: Clock,
    store: Store,
    rules: RuleSource,
    runs: Runs,
    approvals: Approvals,
    inventory: Inventory,
    index: RecordIndex,
    archived: Archived,
    assessed: Assessed | None = None,
) -> Dashboard:
    """The pages over these services."""
    trends = Trends(index, rules, clock)
    return Dashboard(
        keeper=keeper,
        visits=visits,
        clock=clock,
        store=store,
        approvals=approvals,
        groups=(
            Overview(index, store, rules, trends),
            RunPages(store, rules, runs, clock, index),
            ApprovalPages(store, approvals),
            PolicyPages(rules, archived, clock, index),
            StandingPages(inventory, index, assessed),
            Records(index, trends),
            Live(index),
        ),
    )
