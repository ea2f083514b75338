from aisecops.adapters.store.redis.marker import ANOTHER, EMPTIED, LOST, Marker, read_marker

HERE = Marker(store_id="st_" + "a" * 16, era="b" * 16)


def test_a_marker_is_read_as_it_was_written():
    lost = Marker(store_id=HERE.store_id, era=HERE.era, lost=True)
    assert read_marker(HERE.text.encode()) == HERE
    assert read_marker(lost.text.encode()) == lost


def test_nothing_and_what_cannot_be_understood_is_no_marker():
    for text in (None, b"", b"2 st_x y", HERE.text.encode() + b" lost ", b"\xff"):
        assert read_marker(text) is None


def test_another_era_of_the_same_store_is_accepted_and_anything_else_is_not():
    other = Marker(store_id="st_" + "c" * 16, era=HERE.era)
    assert HERE.objection_to(Marker(store_id=HERE.store_id, era="d" * 16)) == ""
    assert HERE.objection_to(None) == EMPTIED
    assert HERE.objection_to(other) == ANOTHER
    assert HERE.objection_to(Marker(store_id=HERE.store_id, era="d" * 16, lost=True)) == LOST
