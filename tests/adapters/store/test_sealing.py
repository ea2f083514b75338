from __future__ import annotations

from nacl.secret import SecretBox

from aisecops.adapters.store.sealing import tree_key
from aisecops.model.ids import RunId


def test_each_tree_and_each_installation_has_a_key_of_its_own():
    keys = {tree_key(key, RunId(root)) for key in (b"k" * 32, b"j" * 32) for root in ("run_1", "run_2")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {SecretBox.KEY_SIZE}
    assert tree_key(b"k" * 32, RunId("run_1")) == tree_key(b"k" * 32, RunId("run_1"))
