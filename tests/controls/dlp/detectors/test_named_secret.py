from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.named_secret import DETECTORS
from support.detecting import assert_linear, seen
from support.samples import ALNUM, Random, letters

KEY = letters(Random(1), ALNUM, 32)
WORD = "s3" + "cr3tPw9"

KEYS = (
    'acme_api_token = "{}"', "API_KEY={}", '{{"client_secret": "{}"}}', "access-key: {}", "const apiKey = `{}`;",
    '.set("api_key", "{}")', '<add key="ServiceToken" value="{}"/>', "<token>{}</token>", "app --api-key {} run",
    "//registry/:_authToken={}", "export SECRET_KEY_BASE={}\nNEXT=1", "token := '{}'", '"auth" => "{}"', "https://h/?api_key={}&x=1",
    'private static final String SECRET = "{}";', "signing_key: {}", 'token = Secret("{}")',
)  # fmt: skip
PASSWORDS = (
    'password = "{}"', "DB_PASSWORD={}", "<password>{}</password>", "tool --password {} x", 'setPassword("{}")', "pwd: {}\n",
    "machine h login u password {}", 'IDENTIFIED BY "{}"', "the password is {}.", '("password", "{}")', "db_pass={};", "PW:{})",
    '{{"passphrase":"{}"}}', "kennwort: {}",
)  # fmt: skip


def values(text: str) -> list[str]:
    return [value for _, value in seen(DETECTORS, text)]


@pytest.mark.parametrize("form", KEYS)
def test_a_drawn_value_behind_a_name_is_found_and_nothing_around_it(form: str) -> None:
    assert values(form.format(KEY)) == [KEY]


@pytest.mark.parametrize("form", PASSWORDS)
def test_a_password_behind_its_name_is_found_and_nothing_around_it(form: str) -> None:
    assert values(form.format(WORD)) == [WORD]


@pytest.mark.parametrize(
    "text",
    [
        'password = os.environ["DB_PASSWORD1"]', "token = get_token_from_header2(x)", "max_tokens: 4096", "token_type: bearer",
        "password: ${DB_PASSWORD1}", 'password: "{{ pw1 }}"', "def password(self, user1):", "secret: my-secret-name",
        "password is required by 2024", "usage.total_tokens1 = tokens", "secretName: app-secret-v1", "auth: oauth2",
        "PASS 12 tests", "pwd: /home/user1/dir", "csrf-token@^1.0.0:", "self.token = self._parse_token2(value)",
        "token: t.token1,secret:e.secret2", 'password.encode("latin1")', "pass `thread=False1` to", "passwords: changeme1",
        'getAttribute("HTTPPasswordMgr", "urllib2")', "bypass=abc123", "compass: abc123",
    ],
)  # fmt: skip
def test_code_and_words_behind_such_a_name_are_no_secret(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "key: {}",
        "public_key = {}",
        '"integrity": "sha512-{}"',
        "nextPageToken: {}",
        "commit {}",
        "token_id: {}",
        "id: {}",
    ],
)
def test_a_drawn_value_behind_another_name_is_none(text: str) -> None:
    assert values(text.format(KEY)) == []


@pytest.mark.parametrize("value", ["g7.v3X%M!-oiGD", "WD5Ka#PHI2u.fKs_sJ?S", "KOmxgJTeKdNnFRIBXuD"])
def test_a_password_in_a_sentence_may_hold_dots_among_its_marks_or_be_letters_that_nobody_could_say(value: str) -> None:
    text = f"Please log in with password={value} for now, and use password=config.value1 or password=userName later."
    assert seen(DETECTORS, text) == [("named_secret", value)]


def test_a_wrong_guess_does_not_swallow_the_next_name() -> None:
    assert values(f"password: token={KEY}") == [KEY]
    assert values(f'{{"password": null, "secret": "{KEY}"}}') == [KEY]


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
    for unit in ("password=", "token ", 'secret"', "api_key: '", "auth(", "pass_"):
        assert values(unit * 20_000) == []
