"""Words of a kind in any language; forms of verbs that give no order have none."""

from __future__ import annotations

import pytest

from aisecops.controls.firewall.word_kinds import UNSPACED, kind_of


@pytest.mark.parametrize(
    ("kind", "words"),
    {
        "OUT": "send forward weiterleiten envoie transfiere отправь 发送",
        "DROP": "ignore disregard ignoriere oublie olvida 忽略",
        "SECRET": "password passwords passwort contraseña 密码",
        "MODEL": "assistant chatbot assistent ии 助手",
        "YOU": "you your dein tus твой 你",
        "CHANGE": "delete lösche supprime 删除",
    }.items(),
)
def test_a_word_and_its_translations_are_of_one_kind(kind: str, words: str) -> None:
    wrong = [word for word in words.split() if kind_of(word) != kind]
    assert wrong == []


@pytest.mark.parametrize("word", ["forwarded", "modification", "deletes", "transferring", "reservations", "created"])
def test_what_is_told_is_no_order(word: str) -> None:
    assert kind_of(word) == ""


@pytest.mark.parametrize("word", ["", "harbour", "the", "sendal", "youth"])
def test_other_words_have_no_kind(word: str) -> None:
    assert kind_of(word) == ""


def test_words_without_spaces_are_tried_longest_first() -> None:
    assert sorted(UNSPACED, key=len, reverse=True) == UNSPACED
    assert all(kind_of(word) for word in UNSPACED)
