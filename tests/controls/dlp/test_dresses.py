"""What must not leave is seen in every dress, and what may leave is not taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisecops.controls.dlp.exact import ExactDetector
from aisecops.controls.dlp.scan import scan
from aisecops.controls.dlp.triggers import may_hold
from aisecops.model.entities import GROUPS
from aisecops.model.errors import WireError
from aisecops.model.finding import Finding
from aisecops.model.readings import readings
from support.detectors import CANARY_VALUE, every_detector
from support.dressing import ALL, APART, CUT, ENCODED, PIECES, SHOWN, SPELLED, TURNED, WRITTEN, Dressing
from support.samples import Random, card, iban, mail, secrets

PLANTED = [one for one in every_detector() if isinstance(one, ExactDetector)]
EXACT = frozenset({"CREDIT_CARD", "IBAN_CODE", "CANARY"}) | GROUPS["SECRET"]


def values(seed: int) -> dict[str, str]:
    """One of each kind that is exact."""
    chance = Random(seed)
    kind, secret = chance.choice(sorted(secrets(chance).values()))
    return {"CREDIT_CARD": card(chance), "IBAN_CODE": iban(chance), kind: secret, "CANARY": CANARY_VALUE}


def look(text: str, entities: frozenset[str] = EXACT) -> tuple[Finding, ...]:
    return scan([("body:", text)], entities, every_detector(), b"key")


def seen(text: str) -> set[str]:
    """The kinds that a full scan sees, when the cheap look lets it be made."""
    return {finding.entity for finding in look(text)} if may_hold(text, EXACT, PLANTED) else set()


def missed(dressing: Dressing, seed: int, *, around: tuple[str, str] = ("see ", " now")) -> list[str]:
    before, after = around
    return [
        kind
        for kind, value in values(seed).items()
        if kind not in {finding.entity for finding in look(f"{before}{dressing(value)}{after}")}
    ]


@pytest.mark.parametrize("dress", ENCODED | WRITTEN)
def test_a_value_is_seen_in_a_dress(dress):
    in_words = lambda value: ALL[dress](f"take {value} please")  # noqa: E731
    assert [kind for seed in range(3) for kind in missed(in_words, seed)] == []


@pytest.mark.parametrize("dress", CUT | SPELLED)
def test_a_value_is_seen_that_is_encoded_and_cut_or_spelled_in_numbers(dress):
    in_words = lambda value: ALL[dress](f"take {value} please")  # noqa: E731
    assert [kind for seed in range(2) for kind in missed(in_words, seed)] == []


@pytest.mark.parametrize("dress", PIECES)
def test_a_value_is_seen_in_pieces_that_a_reader_puts_together(dress):
    one_line = {"CREDIT_CARD", "IBAN_CODE", "CANARY", "AWS_KEY", "VCS_TOKEN", "MODEL_KEY", "CLOUD_KEY"}
    assert [kind for seed in range(4) for kind in missed(PIECES[dress], seed) if kind in one_line] == []


def test_escapes_in_braces_come_off():
    assert missed(lambda value: "".join(f"\\x{{{ord(one):x}}}" for one in value), 1) == []


@pytest.mark.parametrize("width", [8, 20, 76])
def test_a_key_is_seen_that_goes_on_in_further_lines(width):
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    folded = "\n    ".join(token[at : at + width] for at in range(0, len(token), width))
    assert "VCS_TOKEN" in seen(f"key: >-\n    {folded}\n")


@pytest.mark.parametrize("dress", SHOWN)
def test_a_value_is_seen_in_characters_that_stand_for_others(dress):
    assert [kind for seed in range(3) for kind in missed(ALL[dress], seed)] == []


@pytest.mark.parametrize("dress", APART | TURNED)
def test_a_value_is_seen_with_its_characters_apart_or_turned(dress):
    one_line = {"AWS_KEY", "VCS_TOKEN", "CREDIT_CARD", "IBAN_CODE", "CANARY", "MODEL_KEY", "CLOUD_KEY"}
    dressing = (APART | TURNED)[dress]
    found = [kind for seed in range(4) for kind in missed(dressing, seed, around=("", "")) if kind in one_line]
    assert found == []


@pytest.mark.parametrize("inner", [*ENCODED, *WRITTEN])
def test_dresses_over_one_another_come_off(inner):
    text = ALL[inner]("take the words of it all, please")
    dressed = {outer: list(readings(f"see {ALL[outer](text)}")) for outer in [*ENCODED, *WRITTEN]}
    assert [outer for outer, found in dressed.items() if not any("the words of it" in one.text for one in found)] == []


@pytest.mark.parametrize("seed", range(20))
def test_any_three_dresses_come_off(seed):
    chance = Random(seed)
    layers = chance.sample([*ENCODED, *WRITTEN], 3)
    text = f"take {card(chance)} please"
    for layer in layers:
        text = ALL[layer](text)
    assert "CREDIT_CARD" in seen(text), layers


@pytest.mark.parametrize("dress", ALL)
def test_the_cheap_look_sees_what_is_dressed(dress):
    for kind in ("CREDIT_CARD", "IBAN_CODE"):
        assert kind in seen(ALL[dress](f"{values(1)[kind]}"))


@pytest.mark.parametrize("dress", ALL | TURNED)
def test_the_benign_twin_of_a_dressed_value_is_nothing(dress):
    chance = Random(3)
    # no card ends with the wrong digit, and none begins with the digit that this one has when it is turned
    twin = next(number[:-1] for number in iter(lambda: card(chance), "") if number[-1] != "0") + "0"
    found = look((ALL | TURNED)[dress](twin)) + look((ALL | TURNED)[dress](f"the order {twin} of Tuesday"))
    assert found == ()


def test_a_finding_in_a_dress_covers_the_whole_dress_and_nothing_else():
    dressed = ENCODED["base64"](f"take {card(Random(1))} now")
    (finding,) = look(f"see {dressed} soon")
    assert (finding.span.start, finding.span.end) == (4, 4 + len(dressed))
    assert finding.detector == "base64/presidio.credit_card"


def test_a_finding_under_hidden_characters_covers_them_and_nothing_else():
    hidden = SHOWN["hidden characters"](card(Random(1)))
    (finding,) = look(f"see \u00e9 \u200b {hidden} soon")
    assert f"see \u00e9 \u200b {hidden} soon"[finding.span.start : finding.span.end] == hidden.rstrip(
        "\u200b\u00ad\u2060\u200d"
    )


def test_a_mail_address_in_a_mixed_dress_is_seen():
    address = mail(Random(4))
    for text in (
        address.replace("@", "&commat;"),
        address.replace("@", "%40"),
        address.replace("@", "=40"),
        address[::-1],
    ):
        assert [finding.entity for finding in look(text, frozenset({"EMAIL_ADDRESS"}))] == ["EMAIL_ADDRESS"], text


def test_text_dressed_too_often_is_turned_down():
    text = f"take {card(Random(1))} please"
    for _ in range(9):
        text = ENCODED["base64"](text)
    with pytest.raises(WireError):
        look(text)


def test_what_unfolds_to_too_much_is_turned_down():
    with pytest.raises(WireError) as told:
        look(ENCODED["base64 of gzip"]("0" * 9_000_000))
    assert told.value.code == "too_large"


@settings(max_examples=60)
@given(
    st.text(max_size=200)
    | st.text(alphabet="%aA4=+/_-\\ux&#;\0 \u200b\n01", max_size=200)
    | st.binary(max_size=200).map(lambda d: ENCODED["base64"](d.decode("latin-1")))
)
def test_any_text_gives_findings_inside_it_or_is_turned_down(text):
    try:
        found = look(text)
    except WireError:
        return
    assert all(0 <= f.span.start < f.span.end <= len(text) for f in found)
