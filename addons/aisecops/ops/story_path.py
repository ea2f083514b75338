"""The path that untrusted words took to a call that was stopped: source, place in a prompt, proposal, call.

Each step stands in an event of its own; here they are put together for whoever reads the last of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aisecops.ops.story_words import offset

type Event = dict[str, Any]
type _Place = tuple[int, str]

_PROPOSALS = frozenset({"proposed", "local"})


class Paths:
    """Follows the events of a story in their order; `start` is when it begins, in ms."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._places: dict[tuple[str, str], _Place] = {}
        """By what was asked (a decision, or the newest of a tree of runs) and by source."""

    def of(self, event: Event) -> list[str]:
        """The path to `event`, told in one line; nothing where it stopped no call that untrusted words steer."""
        descent = event.get("facts", {}).get("descent") or {}
        if event["event"] != "decision":
            return []
        if event["kind"] == "model":
            self._note(event, descent)
            return []
        if event["enforced"] == "allow":
            return []
        sources = [
            one["origin"]
            for one in descent.get("arguments", ())
            if one.get("origin") and (one["source"] == "untrusted" or one.get("echoes"))
        ]
        return [self._told(event, descent, source) for source in dict.fromkeys(sources)]

    def _note(self, event: Event, descent: Event) -> None:
        """Keep where in this prompt what stands that came from elsewhere."""
        at = round(datetime.fromisoformat(event["at"]).timestamp() * 1000) - self._start
        for segment in descent.get("segments", ()):
            for stretch in segment["stretches"]:
                span = f"{stretch['span']['start']} to {stretch['span']['end']}"
                place = at, f"{segment['position']} {span}"
                for asked in (event["decision_id"], event["root_run_id"]):
                    self._places[asked, stretch.get("source") or ""] = place

    def _told(self, event: Event, descent: Event, source: str) -> str:
        steps, link = [source], descent.get("proposal") or {}
        is_proposal = event["kind"] in _PROPOSALS
        asked = event["root_run_id"] if is_proposal else link.get("decision_id")
        if asked and (place := self._places.get((asked, source))) is not None:
            steps.append(f"{place[1]} of the prompt at {offset(place[0])}")
        if is_proposal or link.get("found"):
            steps.append("what the model proposed")
        return f"path: {' \N{RIGHTWARDS ARROW} '.join([*steps, event['tool'] or 'this call'])}"
