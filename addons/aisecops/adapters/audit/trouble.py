"""What keeps the record from being written now: for whoever asks, and in the log in a line now and then.

A record that cannot be written refuses what agents do, so whoever reads only the log must find out why.
"""

from __future__ import annotations

import logging
import time

_SAID_EVERY_S = 10.0

_log = logging.getLogger("aisecops.record")


class Trouble:
    """Told of each failure and of each success; may be read by any thread."""

    def __init__(self) -> None:
        self.words = ""
        """Why nothing could be written when last tried; empty when it could."""
        self._said, self._said_s = "", -_SAID_EVERY_S
        self._is_open, self._over_s = False, -_SAID_EVERY_S

    def met(self, error: Exception) -> None:
        """Nothing can be written, because of `error`, whose words are ours."""
        self.words, self._is_open = str(error), True
        if self.words != self._said or time.monotonic() - self._said_s >= _SAID_EVERY_S:
            _log.error("%s; what must be recorded is refused until then", self.words)
            self._said, self._said_s = self.words, time.monotonic()

    def over(self, *, wrote: bool) -> None:
        """The record is as it should be; `wrote` when a line was written, and not only looked for."""
        self.words = ""
        # on a disk that is nearly full short lines fit and long ones do not, in turns
        if wrote and self._is_open and time.monotonic() - self._over_s >= _SAID_EVERY_S:
            _log.warning("the record is written again")
            self._is_open, self._over_s = False, time.monotonic()
