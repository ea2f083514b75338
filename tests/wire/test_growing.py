from __future__ import annotations

from aisecops.wire.growing import (
    block_pieces,
    candidate_pieces,
    line_pieces,
    message_pieces,
    no_pieces,
    openai_pieces,
    talk_pieces,
)


def chat(delta, finish=None, index=0):
    return {"id": "c", "model": "m", "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}


def test_a_chunk_grows_texts_and_arguments_each_at_its_place() -> None:
    call = {"index": 2, "function": {"arguments": "{"}}
    found = openai_pieces(chat({"content": "a", "tool_calls": [call], "role": "assistant"}, index=1)).found
    assert [(piece.place, piece.name, piece.in_json) for piece in found] == [
        ((1, "content"), "content", False),
        ((1, 2, "arguments"), "arguments", True),
    ]
    assert found[0].more("x") == {"id": "c", "model": "m", "choices": [{"index": 1, "delta": {"content": "x"}, "finish_reason": None}]}  # fmt: skip
    assert found[1].more("x")["choices"][0]["delta"] == {"tool_calls": [{"index": 2, "function": {"arguments": "x"}}]}


def test_the_texts_of_a_choice_end_with_its_reason_and_of_no_other() -> None:
    ends = openai_pieces(chat({}, "stop", index=1)).ends
    assert ends((1, "content"))
    assert not ends((0, "content"))


def test_a_block_of_a_message_grows_and_ends_alone() -> None:
    delta = {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{"}}
    (piece,) = message_pieces(delta).found
    assert (piece.place, piece.in_json) == ((1, "partial_json"), True)
    assert piece.more("x") == {**delta, "delta": {"type": "input_json_delta", "partial_json": "x"}}
    ends = message_pieces({"type": "content_block_stop", "index": 1}).ends
    assert (ends((1, "text")), ends((0, "text"))) == (True, False)
    assert message_pieces({"type": "message_stop"}).ends((0, "text"))


def test_a_response_s_text_ends_with_its_done_or_its_item_or_the_response() -> None:
    delta = {"type": "response.output_text.delta", "item_id": "i", "output_index": 0, "content_index": 0, "delta": "a"}
    (piece,) = openai_pieces(delta).found
    done = {**delta, "type": "response.output_text.done"}
    assert openai_pieces(done).ends(piece.place)
    assert not openai_pieces({**done, "content_index": 1}).ends(piece.place)
    assert openai_pieces({"type": "response.output_item.done", "output_index": 0}).ends(piece.place)
    assert openai_pieces({"type": "response.completed"}).ends(piece.place)
    assert piece.more("x") == {**delta, "delta": "x"}
    assert not piece.in_json
    arguments = {"type": "response.function_call_arguments.delta", "item_id": "i", "output_index": 0, "delta": "{"}
    assert openai_pieces(arguments).found[0].in_json


def test_a_text_of_a_talk_ends_with_its_done_or_its_item_or_its_answer_and_with_no_other() -> None:
    at = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
    delta = {"type": "response.output_audio_transcript.delta", "event_id": "e", **at, "delta": "a"}
    (piece,) = talk_pieces(delta).found
    assert piece.more("x") == {**delta, "event_id": "e_rest", "delta": "x"}
    done = {"type": "response.output_audio_transcript.done", **at}
    for event in (
        done,
        {"type": "response.output_item.done", "response_id": "r", "output_index": 0},
        {"type": "response.done", "response": {"id": "r"}},
    ):
        assert talk_pieces(event).ends(piece.place)
    for event in (
        {**done, "content_index": 1},
        {"type": "response.output_item.done", "response_id": "q", "output_index": 0},
        {"type": "response.done", "response": {"id": "q"}},
        {"type": 7},
    ):
        assert not talk_pieces(event).ends(piece.place)
    heard = {
        "type": "conversation.item.input_audio_transcription.delta",
        "item_id": "i",
        "content_index": 0,
        "delta": "a",
    }
    completed = {**heard, "type": "conversation.item.input_audio_transcription.completed"}
    assert talk_pieces(completed).ends(talk_pieces(heard).found[0].place)


def test_events_of_no_known_shape_hold_no_pieces() -> None:
    for odd in (
        {},
        {"choices": 7},
        {"choices": [7]},
        {"choices": [{"delta": 7}]},
        {"type": 7},
        {"type": "x", "delta": 7},
    ):
        assert openai_pieces(odd).found == []
        assert message_pieces(odd).found == []
    assert no_pieces({"delta": "x"}).found == []


def test_ollama_s_lines_grow_until_one_says_that_it_is_done() -> None:
    line = {"model": "m", "message": {"role": "assistant", "content": "a"}, "done": False}
    pieces = line_pieces(line)
    (piece,) = pieces.found
    assert piece.more("x") == {"model": "m", "message": {"role": "assistant", "content": "x"}, "done": False}
    assert not pieces.ends(piece.place)
    assert line_pieces({**line, "done": True}).ends(piece.place)
    (whole,) = line_pieces({"response": "a"}).found
    assert whole.more("x") == {"response": "x", "done": False}
    assert whole.place != piece.place


def test_gemini_s_candidates_grow_thoughts_apart_from_words() -> None:
    parts = [{"text": "a"}, {"text": "b", "thought": True}, {"functionCall": {}}]
    pieces = candidate_pieces({"candidates": [{"index": 1, "content": {"parts": parts}, "finishReason": "STOP"}]})
    words, thoughts = pieces.found
    assert words.place != thoughts.place
    assert pieces.ends(words.place)
    assert not pieces.ends((0, False))
    assert thoughts.more("x") == {
        "candidates": [{"index": 1, "content": {"role": "model", "parts": [{"text": "x", "thought": True}]}}]
    }
    assert candidate_pieces({"candidates": [7, {"content": {"parts": [7]}}, {"content": 7}]}).found == []


def test_converse_s_blocks_grow_and_end_alone() -> None:
    called = {"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{"}}, "p": "ab"}
    (piece,) = block_pieces(called).found
    assert piece.in_json
    assert piece.more("x") == {**called, "delta": {"toolUse": {"input": "x"}}}
    (words,) = block_pieces({"contentBlockIndex": 0, "delta": {"text": "a"}}).found
    assert words.more("x") == {"contentBlockIndex": 0, "delta": {"text": "x"}}
    stop = block_pieces({"contentBlockIndex": 1}).ends
    assert (stop(piece.place), stop(words.place)) == (True, False)
    assert not block_pieces({"contentBlockIndex": 2, "start": {}}).ends(piece.place)
    assert block_pieces({"stopReason": "end_turn"}).ends(words.place)
    assert not block_pieces({"usage": {}}).ends(words.place)
