import pytest

from aisecops.adapters.store.redis.place import Durability, read_place


def test_a_url_says_where_the_server_is_and_how_it_is_spoken_to():
    place = read_place("rediss://us:hush%3Ahush@[::1]:7000/3?timeout=1.5&replicas=2&durability=always&ca=ca.pem")
    assert (place.host, place.port, place.database, place.tls) == ("::1", 7000, 3, True)
    assert (place.username, place.password) == ("us", "hush:hush")
    assert (place.timeout_s, place.replicas, place.durability, place.ca) == (1.5, 2, Durability.ALWAYS, "ca.pem")


def test_most_of_it_may_be_left_out():
    place = read_place("valkey://cache.test")
    assert (place.host, place.port, place.database, place.tls) == ("cache.test", 6379, 0, False)
    assert (place.password, place.timeout_s, place.replicas) == (None, 3.0, 0)
    assert place.durability is Durability.EVERYSEC


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
def test_tls_is_asked_for_by_the_scheme(scheme):
    assert read_place(f"{scheme}://h.test?cert=c.pem&key=k.pem").certificate == "c.pem"


@pytest.mark.parametrize(
    "text",
    ["", "sqlite3", "http://hush.test", "redis://", "redis://us:hush@h.test:99999", "redis://h.test/x",
     "redis://us:hush@h.test/1/2", "redis://h.test#hush", "redis://us:hush@h test", "redis://h.test\n",
     "redis://h.test?hush=1", "redis://h.test?timeout=0", "redis://h.test?timeout=soon", "redis://h.test?replicas=-1",
     "redis://h.test?durability=hush", "redis://h.test?ca=hush.pem", "rediss://h.test?cert=hush.pem"],
)  # fmt: skip
def test_anything_else_is_refused_without_being_repeated(text):
    with pytest.raises(ValueError, match=r"^(is |has )") as wrong:
        read_place(text)
    assert "hush" not in str(wrong.value)


def test_the_password_is_in_no_text_of_a_place():
    place = read_place("redis://us:hush@h.test/2")
    assert str(place) == "redis://h.test:6379/2"
    assert "hush" not in repr(place)
