"""The newest signed bundle of rules that this installation has taken up, in `rules.taken` in the state folder.

Knows the file and its lock. Which bundle is refused for it is `adapters/policies/bundle.py`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from aisecops.adapters.system.files import PRIVATE, PRIVATE_FOLDER, locked, made_folder, write_whole
from aisecops.model.errors import ConfigError
from aisecops.model.taken import Taken


class TakenFile:
    """What was taken up last. Any number of processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def last(self) -> Taken | None:
        """What is remembered; None before the first. Raises `ConfigError` when it cannot be read."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Taken)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            mend = "restore it from a backup: it says which rules are too old"
            raise ConfigError(f"`{self._path}` cannot be read", mend) from error

    def take(self, new: Taken) -> Taken:
        """Remember `new` unless something as new is remembered; return what now is. Durable when it returns."""
        with locked(made_folder(self._path.parent, mode=PRIVATE_FOLDER)):
            last = self.last()
            if last is not None and last.serial >= new.serial:
                return last
            write_whole(self._path, msgspec.json.encode(new), mode=PRIVATE)
            return new
