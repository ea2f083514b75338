import hashlib
import hmac

import pytest

from aisecops.wire.webhook import WINDOW_S, signature_headers, signed_by, signed_by_slack

# the samples that the specification's own tools and Slack's documentation print
STANDARD = {
    "secret": b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "at": 1_614_265_330,
    "body": b'{"test": 2432232314}',
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
SLACK_SECRET = b"8f742231b10e8888abcd99yyyzzz85a5"
SLACK_AT = 1_531_420_618
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d"
    b"10d2c447fce8b6703c"
)
SLACK_SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def standard(**changed):
    said = {**STANDARD, **changed}
    headers = {"webhook-id": said["id"], "webhook-timestamp": str(said["at"]), "webhook-signature": said["signature"]}
    return signed_by(said["secret"], headers, said["body"], now_s=said.get("now", STANDARD["at"]))


def slack(secret=SLACK_SECRET, body=SLACK_BODY, signature=SLACK_SIGNATURE, at=str(SLACK_AT), now=SLACK_AT):
    headers = {"x-slack-signature": signature, "x-slack-request-timestamp": at}
    return signed_by_slack(secret, headers, body, now_s=now)


def test_what_others_sign_is_taken_and_we_sign_as_they_do():
    assert standard() is not None
    made = signature_headers(STANDARD["secret"], STANDARD["id"], STANDARD["body"], now_s=STANDARD["at"])
    assert made["webhook-signature"] == STANDARD["signature"]
    assert slack() is not None


@pytest.mark.parametrize("changed", [
    {"body": b'{"test": 2432232315}'}, {"id": "msg_other"}, {"at": STANDARD["at"] + 1}, {"secret": b"whsec_AAAA"},
    {"signature": ""}, {"signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, {"signature": "v1,"},
    {"signature": STANDARD["signature"][:-2]}, {"id": ""}, {"id": "m" * 300},
    {"now": STANDARD["at"] + WINDOW_S + 1}, {"now": STANDARD["at"] - WINDOW_S - 1},
])  # fmt: skip
def test_a_webhook_that_was_changed_made_up_or_kept_is_not_taken(changed):
    assert standard(**changed) is None


@pytest.mark.parametrize("changed", [
    {"body": SLACK_BODY + b"x"}, {"secret": b"another"}, {"signature": SLACK_SIGNATURE[3:]}, {"signature": "v0="},
    {"signature": "v0=é"}, {"at": str(SLACK_AT + 1)}, {"at": ""}, {"at": "-1"}, {"at": f"{SLACK_AT}.0"}, {"at": "٣"},
    {"at": "9" * 400}, {"now": SLACK_AT + WINDOW_S + 1}, {"now": SLACK_AT - WINDOW_S - 1},
])  # fmt: skip
def test_what_slack_has_not_sent_just_now_is_not_taken(changed):
    assert slack(**changed) is None


def test_of_several_signatures_a_right_one_is_enough_while_secrets_are_changed():
    assert standard(signature=f"v1,AAAA {STANDARD['signature']}") is not None


def test_the_same_webhook_has_one_name_to_come_in_under_however_it_is_dressed():
    other = standard(signature=f"v1,AAAA {STANDARD['signature']}")
    assert other.once == standard().once
    assert STANDARD["signature"][3:] not in other.once


def test_times_and_bodies_are_not_mixed_up():
    secret, at = b"s", "1531420618"
    forged = "v0=" + hmac.new(secret, b"v0:15314206:18:x", hashlib.sha256).hexdigest()
    assert slack(secret, b"x", forged, at) is None
