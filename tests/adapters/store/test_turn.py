from __future__ import annotations

import threading
from contextlib import closing

import pytest

from aisecops.adapters.store.turn import Turn


def test_only_one_has_the_turn_and_the_next_gets_it_at_once(tmp_path):
    path, order = tmp_path / "store.sqlite", []
    with closing(Turn(path)) as one, closing(Turn(path)) as other:

        def queue_up() -> None:
            with other:
                order.append("other")

        with one:
            waiting = threading.Thread(target=queue_up)
            waiting.start()
            waiting.join(timeout=0.1)
            assert waiting.is_alive()
            order.append("one")
        waiting.join(timeout=10)
    assert order == ["one", "other"]


def fail() -> None:
    raise ZeroDivisionError


def test_the_turn_is_given_up_when_the_work_fails(tmp_path):
    path = tmp_path / "store.sqlite"
    with closing(Turn(path)) as one, closing(Turn(path)) as other:
        with pytest.raises(ZeroDivisionError), one:
            fail()
        with other:
            assert (tmp_path / "store.sqlite.lock").stat().st_mode & 0o777 == 0o600
