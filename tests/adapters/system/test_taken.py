"""What was taken up last, in the state folder."""

from __future__ import annotations

import pytest

from aisecops.adapters.system.taken import TakenFile
from aisecops.model.errors import ConfigError
from aisecops.model.taken import Taken


def taken(serial, version="sha256:1"):
    return Taken(serial=serial, policy_version=version)


def test_the_newest_is_remembered_and_nothing_older_or_as_new_replaces_it(tmp_path):
    memory = TakenFile(tmp_path / "state" / "rules.taken")

    assert memory.last() is None
    assert memory.take(taken(5)) == taken(5)
    assert memory.take(taken(4)) == taken(5)
    assert memory.take(taken(5, "sha256:2")) == taken(5)
    assert memory.take(taken(6)) == taken(6)
    assert TakenFile(tmp_path / "state" / "rules.taken").last() == taken(6)


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"serial": "1", "policy_version": ""}'])
def test_a_memory_that_cannot_be_read_is_not_taken_for_none(tmp_path, data):
    (tmp_path / "rules.taken").write_bytes(data)
    memory = TakenFile(tmp_path / "rules.taken")

    for asked in (memory.last, lambda: memory.take(taken(1))):
        with pytest.raises(ConfigError, match=r"rules\.taken` cannot be read"):
            asked()
