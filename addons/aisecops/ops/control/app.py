"""The control plane's API: a thin door to the services (contract 8).

What is asked lies in the `*_calls` files, one for each kind of thing; who may ask, in `may.py`; the door before them
all, in `door.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from aisecops.ops.control.door import Calls, Door
from aisecops.ops.control.public_calls import PublicCalls


def control_app(door: Door, public: PublicCalls, groups: Sequence[Calls], pages: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application: `public` for everybody, every other call behind `door`, and the dashboard's `pages`."""
    calls = (door.route(call) for group in groups for call in group.calls())
    return Starlette(routes=[*public.routes(), *calls, *pages])
