"""The record's lock whose file stays open: it still keeps out everybody else, and a file that was taken away is seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisecops.adapters.audit.folder import LOCK, Busy, KeptLock, locked


def test_one_holder_keeps_out_all_others_and_lets_them_in_afterwards(tmp_path: Path) -> None:
    one, other = KeptLock(tmp_path), KeptLock(tmp_path)
    with one.held():
        for held in (other.held(wait=False), locked(tmp_path, wait=False)):
            with pytest.raises(Busy), held:
                pass
    for lock in (other, one, other):
        with lock.held(wait=False):
            pass
    with locked(tmp_path, wait=False), pytest.raises(Busy), one.held(wait=False):
        pass
    one.close()
    other.close()


def test_whoever_kept_a_lock_whose_file_was_taken_away_takes_the_one_that_others_take(tmp_path: Path) -> None:
    kept = KeptLock(tmp_path)
    with kept.held():
        pass
    (tmp_path / LOCK).unlink()
    with locked(tmp_path), pytest.raises(Busy), kept.held(wait=False):
        pass
    with kept.held(wait=False), pytest.raises(Busy), locked(tmp_path, wait=False):
        pass
    kept.close()


def test_what_fails_with_the_lock_lets_go_of_it(tmp_path: Path) -> None:
    kept = KeptLock(tmp_path)
    with pytest.raises(ZeroDivisionError), kept.held():
        raise ZeroDivisionError
    with locked(tmp_path, wait=False):
        pass
    kept.close()
