"""What a scrape tells of an evaluation: of these very rules alone, and nothing passes that was not tried."""

import msgspec

from aisecops.model.place import Place
from aisecops.ops.evaluation.figures import Figures
from aisecops.ops.evaluation.kept import encoded, keep
from aisecops.ops.evaluation.outcome import Report, Result, State, Twin
from aisecops.ops.evaluation.scenario import Suite


def report(*states, policy="sha256:a", at="2026-01-01T00:00:00Z"):
    results = tuple(
        Result(
            scenario=str(number), suite=Suite.INJECTION, controls=(), place=Place(file="x", line=1), agent="a",
            variation=0, state=state, twin=twin,
        )
        for number, (state, twin) in enumerate(states)
    )  # fmt: skip
    return Report(
        version="0", at=at, policy_version=policy, seed=1, mutations=0, suites=(Suite.INJECTION,), agents=("a",),
        seconds=1, results=results,
    )  # fmt: skip


GOOD = (State.CONTAINED, Twin.PASSED)


def test_without_an_evaluation_of_the_rules_in_force_nothing_passes(tmp_path):
    figures = Figures(tmp_path)
    assert figures("sha256:a") == dict.fromkeys(Suite, 0.0)

    keep(tmp_path, encoded(report(GOOD)))
    assert figures("sha256:a")["injection"] == 1.0
    assert figures("sha256:b")["injection"] == 0.0


def test_when_the_running_gateway_was_last_tried_is_told_whatever_the_rules_are_now(tmp_path):
    figures = Figures(tmp_path)
    keep(tmp_path, encoded(report(GOOD)))
    figures("sha256:a")
    assert figures.live_at_s == 0

    keep(tmp_path, encoded(msgspec.structs.replace(report(GOOD), live=True, at="2026-01-02T00:00:00Z")))
    figures("sha256:b")
    assert figures.live_at_s == 1_767_312_000


def test_a_breach_counts_against_it_and_what_does_not_apply_or_is_open_does_not_count(tmp_path):
    keep(
        tmp_path,
        encoded(
            report(
                GOOD, GOOD, (State.BREACHED, Twin.PASSED), (State.CONTAINED, Twin.ALARMED),
                (State.NOT_APPLICABLE, Twin.NOT_PLAYED), (State.OPEN, Twin.PASSED),
            )
        ),
    )  # fmt: skip

    assert Figures(tmp_path)("sha256:a")["injection"] == 0.75


def test_the_newest_report_of_a_suite_counts(tmp_path):
    figures = Figures(tmp_path)
    keep(tmp_path, encoded(report(GOOD)))
    assert figures("sha256:a")["injection"] == 1.0

    keep(tmp_path, encoded(report((State.BREACHED, Twin.PASSED), at="2026-01-02T00:00:00Z")))
    assert figures("sha256:a")["injection"] == 0.0
    keep(tmp_path, encoded(msgspec.structs.replace(report(GOOD), at="2025-01-01T00:00:00Z")))
    assert figures("sha256:a")["injection"] == 0.0
