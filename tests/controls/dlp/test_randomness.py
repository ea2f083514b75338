from __future__ import annotations

import base64

import pytest

from aisecops.controls.dlp.randomness import is_chosen, is_drawn, is_stand_in
from support.samples import ALNUM, Random, letters


@pytest.mark.parametrize("alphabet", [ALNUM, "0123456789abcdef", "abcdefghijklmnopqrstuvwxyz0123456789"])
def test_nearly_every_value_that_a_machine_drew_is_known_as_drawn(alphabet: str) -> None:
    chance = Random(alphabet)
    known = [is_drawn(letters(chance, alphabet, 32)) for _ in range(1000)]
    assert sum(known) >= 980


def test_random_bytes_in_base64_and_uuids_are_drawn() -> None:
    chance = Random(1)
    known = [is_drawn(base64.b64encode(chance.randbytes(24)).decode().rstrip("=")) for _ in range(1000)]
    assert sum(known) >= 950
    assert is_drawn("9f8e7d6c-5b4a-3928-1706-f5e4d3c2b1a0")


@pytest.mark.parametrize(
    "value",
    [
        "getTokenFromTheHeader2", "application/vnd.api+json", "my-secret-name-of-the-service", "path/to/the/file/number1",
        "SomeVeryLongClassNameForThis", "1234567890123456", "aaaaaaaaaaaaaaaaaaaaaaa1", "short1A", "os.environ.get.A1b2C3",
        "2024-11-02T10:00:00.000Z", "kubernetes.io/service-account-token", "${ACCESS_TOKEN_OF_1A2B3C}", "a(b3c5d7e9f1g3h5)",
    ],
)  # fmt: skip
def test_words_paths_and_code_are_not_drawn(value: str) -> None:
    assert not is_drawn(value)


def test_letters_alone_are_drawn_where_nobody_could_say_them() -> None:
    chance = Random("jumble")
    letters_only = ALNUM.translate(str.maketrans("", "", "0123456789"))
    drawn = [letters(chance, letters_only, 24) for _ in range(1000)]
    assert sum(map(is_drawn, drawn)) >= 750
    assert sum(map(is_chosen, drawn)) >= 750
    for name in (
        "isOkToUseItAsOfNow",
        "getDbPasswordFromEnv",
        "parseJSONFromURLOfApp",
        "MyVeryOwnPasswordField",
        "HTTPSConnectionPool",
    ):
        assert not is_drawn(name)
        assert not is_chosen(name)


@pytest.mark.parametrize("value", ["hunter2", "Tr0ub4dor&3", "s3cr3tPw9", "P@ssword!", "abc123", "Winter2024!"])
def test_what_people_choose_may_be_a_password(value: str) -> None:
    assert is_chosen(value)


@pytest.mark.parametrize(
    "value",
    ["password", "required", "12345678", "user_name1", "config.value1", "getpass(1)", "a1", "${PW1}", "two words 1", "2.0.1-b"],
)  # fmt: skip
def test_words_numbers_and_code_are_no_password(value: str) -> None:
    assert not is_chosen(value)


@pytest.mark.parametrize(
    "value", ["changeme1", "<password1>", "xxxx-1", "******1", "your-key-1", "example1", "1111111", ""]
)
def test_what_documentation_writes_instead_is_a_stand_in(value: str) -> None:
    assert is_stand_in(value)
