"""What is in the content of one request, and where it came from: all that is looked at before it is judged for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from aisecops.gateway.admission.asking import Asked
from aisecops.gateway.admission.gather import Gatherer, Looked
from aisecops.gateway.origins.additions import one_look
from aisecops.gateway.ports import Meter
from aisecops.gateway.resting import Rests
from aisecops.gateway.step.classify import Step, objection
from aisecops.gateway.timed import Stage, timed
from aisecops.model.envelope import Descent
from aisecops.model.errors import WireError
from aisecops.model.finding import Finding
from aisecops.model.state import Run
from aisecops.wire.files.shelf import Unread
from aisecops.wire.json_parts import Part


class Content(NamedTuple):
    """What was found in the content of a request; `rests` is what of it was not asked for."""

    step: Step
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()
    descent: Descent | None = None
    parts: Sequence[Part] = ()
    rests: Rests | None = None
    puts_out: bool = False


class Contents:
    """Looks at the content of requests."""

    def __init__(self, gatherer: Gatherer, meter: Meter) -> None:
        self._gatherer = gatherer
        self._meter = meter

    async def of(self, asked: Asked, run: Run, rests: Rests | None) -> Content:
        """What is in all that would leave; the step may rest on what is at hand where there are `rests`.

        Raises a `Fault`.
        """
        rules, step, request, root_run_id = asked.rules, asked.step, asked.request, run.root_run_id
        try:
            with timed(self._meter, Stage.SCAN):
                parts, unread = await self._gatherer.parts(rules, step, request)
                findings = await self._gatherer.findings(rules, root_run_id, step, request, parts, rests)
            with timed(self._meter, Stage.TRACE), one_look(root_run_id, rests):
                descent = await self._gatherer.descent(rules, root_run_id, step, request, parts)
                puts_out = rests is not None and await self._gatherer.put_out(rules, run, step, request)
        except WireError as error:
            if rests:
                rests.let_go()
                return await self.of(asked, run, None)  # what it says is said, whatever becomes of it
            return _unreadable(asked, error)
        if not rests:
            return Content(step, findings, unread, descent)
        return Content(step, findings, unread, descent, parts, rests, puts_out)

    async def asked_for(self, asked: Asked, looked: Looked, rests: Rests) -> Looked:
        """`looked`, which shall rest on nothing but what was asked for. Raises a `Fault`."""
        rests.let_go()
        rules, root, step, request, parts = asked.rules, looked.root_run_id, asked.step, asked.request, looked.parts
        try:
            with timed(self._meter, Stage.SCAN):
                findings = await self._gatherer.findings(rules, root, step, request, parts, None, alone=rests.alone)
            with timed(self._meter, Stage.TRACE), one_look(root, is_done=rests.is_read):
                descent = await self._gatherer.descent(rules, root, step, request, parts)
            new = Content(step, findings, looked.unread, descent)
        except WireError as error:
            new = _unreadable(asked, error)
        return replace(
            looked,
            step=new.step,
            findings=new.findings,
            unread=new.unread,
            descent=new.descent,
            parts=(),
            rests=None,
            puts_out=False,
        )


def _unreadable(asked: Asked, error: WireError) -> Content:
    return Content(objection(asked.request, error.code, error.detail, rule=asked.step.action.rule))
