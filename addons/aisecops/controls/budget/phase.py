"""Halt, resume and finish runs, and say whether a run may act.

Knows the phases of a run's life. Halting goes by the root: a halted tree has no run that acts (spec 22.2).
"""

from __future__ import annotations

from msgspec.structs import replace

from aisecops.model.budget import RunPhase, TreeState
from aisecops.model.decision import Judgment, Reason, Verdict
from aisecops.model.ids import RunId
from aisecops.model.refusals import Code


def halt(tree: TreeState, now_ms: int, why: str) -> TreeState:
    """The whole tree halted. Halting it again keeps the first time and reason."""
    if tree.halted_ms is not None:
        return tree
    return replace(tree, halted_ms=now_ms, halted_why=why)


def resume(tree: TreeState, allowance_micros: int = 0, *, now_ms: int = 0) -> TreeState:
    """No run of the tree halted, and joined no longer by what was said before. What was used stays used.

    With an allowance the tree may come to so much more than it stands at now. A tree that is neither halted nor joined
    stays as it is: nobody has looked at it. Raises `ValueError` for an allowance below nothing.
    """
    if allowance_micros < 0:
        raise ValueError("an allowance takes nothing away")
    halted = tree.halted_ms is not None or any(run.phase is RunPhase.HALTED for run in tree.runs.values())
    reviewed_ms = max(tree.reviewed_ms, now_ms) if tree.drawn else tree.reviewed_ms
    if not halted:
        joined = any(one.at_ms > tree.reviewed_ms for one in tree.drawn)
        return replace(tree, reviewed_ms=reviewed_ms) if joined else tree
    runs = {
        run_id: replace(run, phase=RunPhase.ACTIVE) if run.phase is RunPhase.HALTED else run
        for run_id, run in tree.runs.items()
    }
    up_to = max(tree.reviewed_up_to_micros, tree.risk_micros + allowance_micros) if allowance_micros else 0
    return replace(
        tree,
        runs=runs,
        halted_ms=None,
        halted_why="",
        reviewed_ms=reviewed_ms,
        reviewed_up_to_micros=max(tree.reviewed_up_to_micros, up_to),
    )


def finish(tree: TreeState, run_id: RunId) -> TreeState:
    """The run finished. Raises `KeyError` for a run that is not in the tree."""
    return replace(tree, runs={**tree.runs, run_id: replace(tree.runs[run_id], phase=RunPhase.FINISHED)})


def phase_of(tree: TreeState, run_id: RunId) -> RunPhase:
    """The phase as seen from outside. Raises `KeyError` for a run that is not in the tree."""
    phase = tree.runs[run_id].phase
    if phase is RunPhase.FINISHED:
        return phase
    above = [tree.runs[name].phase for name in tree.lineage(run_id)]
    halted = tree.halted_ms is not None or RunPhase.HALTED in above
    return RunPhase.HALTED if halted else phase


def phase_judgment(tree: TreeState, run_id: RunId) -> Judgment:
    """DENY for a run that is unknown, halted or finished. A held run may act: only its held step waits."""
    if run_id not in tree.runs:
        return _denied(Code.RUN_UNKNOWN, f"run `{run_id}` is not known; open a run")
    match phase_of(tree, run_id):
        case RunPhase.FINISHED:
            return _denied(Code.RUN_FINISHED, f"run `{run_id}` is finished; open a new run")
        case RunPhase.HALTED:
            why = f" ({tree.halted_why})" if tree.halted_why else ""
            return _denied(Code.RUN_HALTED, f"run `{run_id}` is halted{why}; ask an operator to review and resume it")
        case RunPhase.ACTIVE | RunPhase.HELD:
            return Judgment(control="run", verdict=Verdict.ALLOW, serves=("AIS-RSK-01",))


def _denied(code: Code, words: str) -> Judgment:
    reason = Reason(code=code, detail=words)
    return Judgment(control="run", verdict=Verdict.DENY, reasons=(reason,), serves=("AIS-RSK-01",))
