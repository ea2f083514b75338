"""Who reads that a call was stopped reads the way that the words took to it."""

from __future__ import annotations

from typing import Any

import pytest

from aisecops.ops.story_path import Paths

PAGE = "https://p.test"
STEERS = {"arguments": [{"name": "to", "source": "untrusted", "origin": PAGE, "origin_id": "prv_1"}]}


def decision(kind: str, descent: dict[str, Any], *, at: int = 0, **more: Any) -> dict[str, Any]:
    fields = {"event": "decision", "kind": kind, "at": f"2026-11-28T00:00:{at:02}+00:00", "root_run_id": "run_1"}
    return {
        **fields,
        "decision_id": f"dec_{at}",
        "enforced": "deny",
        "tool": "mail.send",
        "facts": {"descent": descent},
        **more,
    }


def prompt(at: int, start: int, source: str = PAGE) -> dict[str, Any]:
    stretch = {"span": {"start": start, "end": start + 9}, "tier": "external", "source": source}
    segments = [{"position": "/messages/1/content", "stretches": [stretch]}]
    return decision("model", {"segments": segments}, at=at, enforced="allow")


@pytest.fixture
def paths() -> Paths:
    found = Paths(1_795_824_000_000)
    for event in (prompt(1, 10), prompt(2, 20), prompt(3, 30, "https://other.test")):
        assert found.of(event) == []
    return found


@pytest.mark.parametrize("kind", ["proposed", "local"])
def test_a_proposal_that_is_stopped_tells_source_prompt_proposal_and_call(paths: Paths, kind: str) -> None:
    assert paths.of(decision(kind, STEERS, at=4)) == [
        "path: https://p.test \u2192 /messages/1/content 20 to 29 of the prompt at +2.0s \u2192 what the model proposed \u2192 mail.send"
    ]


def test_a_request_goes_back_to_the_prompt_that_its_proposal_answered(paths: Paths) -> None:
    link = {"proposal": {"found": True, "name": "send", "decision_id": "dec_1"}}
    assert paths.of(decision("tool", {**STEERS, **link}, at=4)) == [
        "path: https://p.test \u2192 /messages/1/content 10 to 19 of the prompt at +1.0s \u2192 what the model proposed \u2192 mail.send"
    ]


def test_what_is_not_known_of_the_path_is_left_out(paths: Paths) -> None:
    assert paths.of(decision("tool", STEERS, at=4)) == ["path: https://p.test \u2192 mail.send"]


def test_what_went_on_and_what_untrusted_words_do_not_steer_has_no_path(paths: Paths) -> None:
    assert paths.of(decision("tool", STEERS, at=4, enforced="allow")) == []
    assert paths.of(decision("tool", {}, at=4)) == []
    assert paths.of({"event": "run_halted"}) == []
