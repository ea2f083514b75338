from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.database_url import DETECTORS
from support.detecting import assert_linear, seen

WORD = "s3cr" + "3t-w0rd"


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql+asyncpg", "mysql", "mongodb+srv", "redis", "amqps", "https"]
)
def test_the_password_of_a_url_is_found(scheme: str) -> None:
    assert seen(DETECTORS, f"DATABASE_URL={scheme}://app:{WORD}@db.internal:5432/app") == [("url_password", WORD)]


def test_a_password_without_a_user_is_found() -> None:
    assert seen(DETECTORS, f"redis://:{WORD}@cache:6379") == [("url_password", WORD)]


@pytest.mark.parametrize("word", ["password", "${DB_PASSWORD}", "<password>", "****", "xxxx", "{{ secret }}", "%(pw)s"])
def test_a_placeholder_is_nobodys_password(word: str) -> None:
    assert seen(DETECTORS, f"postgres://user:{word}@localhost/db") == []


@pytest.mark.parametrize("url", ["https://example.com:8443/a@b", "https://example.com/a:b@c", "http://user@host/"])
def test_a_url_without_a_password_is_let_be(url: str) -> None:
    assert seen(DETECTORS, url) == []


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
