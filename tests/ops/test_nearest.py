from __future__ import annotations

from aisecops.ops.nearest import nearest


def test_the_nearest_name_is_proposed_and_a_far_one_is_not():
    assert nearest("lisen", ["listen", "workers"]) == "did you mean `listen`?"
    assert nearest("zzzzz", ["listen", "workers"]) == ""
