"""What the rules in force ask the content scan to look for beyond the kinds we know, read when they change.

Values are read from where the rules name them, turned into fingerprints and forgotten. The same rule set gives the
same watchlist; a new one is read before the first request that is judged by it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from aisecops.adapters.nlp.names_model import MEND, names_model
from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.controls.dlp.exact import planted
from aisecops.gateway.ports import RuleSource
from aisecops.model.entities import CANARY, KNOWN_SECRET, NAMED
from aisecops.model.errors import ConfigError
from aisecops.model.rules import RuleSet
from aisecops.model.watchlist import Planted, Watchlist

_log = logging.getLogger(__name__)

NO_MODEL = f"`egress` asks for names or places, and no spaCy model is there: all that it is about is refused; {MEND}"


def asks_for_names(rules: RuleSet) -> bool:
    """Does a detector rule name a kind that only a language model tells?"""
    return any(not NAMED.isdisjoint(rule.entities) for rule in rules.egress.detectors)


def missing_values(rules: RuleSet, secrets: RuleSecrets) -> Iterator[str]:
    """The places of canaries and known secrets that hold nothing. Raises `ConfigError` for one that cannot be read."""
    return (source for source in (*rules.egress.canaries, *rules.egress.known) if not secrets.values(source))


class Watched:
    """Gives the watchlist of the rules in force.

    `key` (at most 64 bytes) makes the fingerprints, `model` is the spaCy model that a setting names.
    """

    def __init__(self, rules: RuleSource, secrets: RuleSecrets, *, key: bytes, model: str | None = None) -> None:
        self._rules = rules
        self._secrets = secrets
        self._key = key
        self._model = model
        self._of: RuleSet | None = None
        self._watchlist = Watchlist()

    def __call__(self) -> Watchlist:
        """Raises `ConfigError` for a value that cannot be looked for; then nothing can be scanned."""
        rules = self._rules.current()
        if rules is not self._of:
            asked = asks_for_names(rules)
            self._watchlist = Watchlist(
                planted=tuple(dict.fromkeys(self._planted(rules))),
                recognisers=rules.egress.recognisers,
                names_model=names_model(self._model) if asked else "",
            )
            if asked and not self._watchlist.names_model:
                _log.warning("rules: %s", NO_MODEL)
            self._of = rules
        return self._watchlist

    def _planted(self, rules: RuleSet) -> Iterator[Planted]:
        for entity, sources in ((CANARY, rules.egress.canaries), (KNOWN_SECRET, rules.egress.known)):
            for source in sources:
                for value in self._secrets.values(source):
                    try:
                        yield planted(entity, value, key=self._key)
                    except ValueError as error:
                        raise ConfigError(f"`{source}` cannot be looked for: {error}", "take a longer one") from None
