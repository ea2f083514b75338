import asyncio

import pytest
from nacl.signing import SigningKey

from aisecops.adapters.audit.chain import ChainLog
from aisecops.model.record import Event, EventName
from aisecops.ops.control.events import tail
from support.gateway import SetClock


async def next_event(stream):
    piece = await asyncio.wait_for(anext(stream), 10)
    return piece.decode()


async def test_events_are_streamed_as_they_are_recorded_and_from_where_a_client_left_off(tmp_path):
    key = SigningKey(b"\x01" * 32)
    log = ChainLog(
        tmp_path / "record",
        clock=SetClock(),
        sign=lambda data: key.sign(data).signature,
        key_id="k",
        public_key=bytes(key.verify_key),
    )
    await log.append(Event(event=EventName.RUN_STARTED, run_id="run_1"))
    over = asyncio.Event()
    stream = tail(tmp_path / "record", after_seq=0, over=over)
    assert (await next_event(stream)).startswith(":")
    assert "event: run_started" in await next_event(stream)
    await log.append(Event(event=EventName.RUN_FINISHED, run_id="run_1"))
    assert (await next_event(stream)).startswith("id: 2\nevent: run_finished\n")
    await stream.aclose()
    later = tail(tmp_path / "record", after_seq=1, over=over)
    await next_event(later)
    assert "id: 2" in await next_event(later)
    over.set()  # the server stops, and nobody has to cut whoever listens
    with pytest.raises(StopAsyncIteration):
        await next_event(later)
    await log.close()
