"""Text that wants to stay: orders to remember, to store, to behave so in every later conversation."""

from __future__ import annotations

from aisecops.controls.firewall.sign import phrases

DETECTOR = phrases(
    "memory_write",
    (
        0.65,
        "memory|memories|knowledge base|your notes|your profile",
        r"\b(?:remember|memori[sz]e|store|save|record|write|add|persist|commit) (?:this|that|the following|it|these)?(?: \w+){0,6} (?:in|to|into) your (?:long[- ]term |persistent )?(?:memory|memories|knowledge base|notes|profile)\b",
    ),
    (
        0.65,
        "your memory|your memories|your system prompt|your core|your long",
        r"\b(?:update|overwrite|modify|edit|change|rewrite) your (?:long[- ]term |persistent |own |core )?(?:memory|memories|system prompt|instructions|rules|beliefs)\b",
    ),
    (
        0.5,
        "future|subsequent|upcoming|later",
        r"\b(?:in|for|during|to) (?:all|every|each|any) (?:of )?(?:your )?(?:future|subsequent|upcoming) (?:conversations?|sessions?|interactions?|responses?|answers?|chats?|replies)\b",
    ),
    (
        0.55,
        "remember",
        r"\bremember (?:that |this )(?:the user|your (?:user|owner|operator)|from now on|whenever the user|always (?:recommend|send|use|include))\b",
    ),
    (
        0.6,
        "user prefers|user wants|user has authori|user has approved|user trusts",
        r"\b(?:remember|memory|note|store) (?:\w+ ){0,4}the user (?:always )?(?:prefers|wants|has (?:authori[sz]ed|approved|consented)|trusts)\b",
    ),
    (
        0.6,
        "remember|memori",
        r"\b(?:remember|memori[sz]e) (?:this|these|that|the following)? ?(?:rule|instruction|preference|fact|setting|policy)s? (?:permanently|forever|from now on|for (?:all|every|good)|always|across)\b",
    ),
    (
        0.6,
        "remember|future",
        r"\bremember (?:\w+ ){0,3}for all (?:your )?(?:future|later|subsequent) (?:tasks?|requests?|messages?|reports?|sessions?|conversations?|work)\b",
    ),
)
