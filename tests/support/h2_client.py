"""A client that speaks HTTP/2 in a tunnel, as properly or as oddly as it is told: whole requests, or single frames."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h2.config
import h2.connection
import h2.events
from hpack import Encoder
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame

from support.raw import Reply, Wire, tunnel

FRAME_HEAD = 9
Fields = Sequence[tuple[str | bytes, str | bytes]]


@dataclass
class Stream:
    """What came on one stream. `reset` is the error code of a RST_STREAM."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def over(self) -> bool:
        return self.ended or self.reset is not None

    @property
    def reply(self) -> Reply:
        return Reply(self.status, "", self.headers, self.body, not self.ended)


class H2Wire:
    """One connection. Checks nothing of what it sends; what it reads must be HTTP/2."""

    def __init__(self, wire: Wire, authority: str, *, window: int | None = None) -> None:
        self.wire = wire
        self.authority = authority
        self.goaway: int | None = None
        self.closed = False
        self.pinged = 0
        self.streams: dict[int, Stream] = {}
        self._encoder = Encoder()
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="latin-1",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = h2.connection.H2Connection(config)
        if window is not None:
            self.h2.local_settings.initial_window_size = window
            self.h2.local_settings.acknowledge()
        self.h2.initiate_connection()
        self._pull = window is None
        self._odd = False
        self._unread = b""
        self.flush()

    def flush(self) -> None:
        self.wire.send(self.h2.data_to_send())

    # requests as they should be

    def head(self, method: str, path: str, headers: Fields = ()) -> list[tuple[str | bytes, str | bytes]]:
        """The fields of an ordinary request."""
        pseudo = [(":method", method), (":scheme", "https"), (":path", path), (":authority", self.authority)]
        return [*pseudo, *headers]

    def start(self, fields: Fields, *, end: bool = False) -> int:
        """Open a stream with these fields, whatever they are."""
        stream_id = self.h2.get_next_available_stream_id()
        self.streams[stream_id] = Stream()
        self.h2.send_headers(stream_id, list(fields), end_stream=end)
        self.flush()
        return stream_id

    def data(self, stream_id: int, data: bytes, *, end: bool = False) -> None:
        """Send a body, as fast as the windows allow."""
        while data and not self.streams[stream_id].over:
            room = min(self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size)
            if room == 0:
                if not self.more():
                    return
                continue
            self.h2.send_data(stream_id, data[:room])
            data = data[room:]
            self.flush()
        if end and not self.streams[stream_id].over:
            self.h2.end_stream(stream_id)
            self.flush()

    def ask(self, method: str, path: str, headers: Fields = (), body: bytes | None = None) -> Reply:
        return self.say(self.head(method, path, headers), body)

    def say(self, fields: Fields, body: bytes | None = None) -> Reply:
        """A request with exactly these fields; what came back."""
        stream_id = self.start(fields, end=body is None)
        if body is not None:
            self.data(stream_id, body, end=True)
        return self.read(stream_id)

    # requests as they should not be

    def frames(self, *frames: Frame) -> None:
        """Send frames as they stand. From here on only the end of the connection can be read."""
        self._odd = True
        self.wire.send(b"".join(frame.serialize() for frame in frames))

    def raw_head(self, stream_id: int, fields: Fields, *flags: str) -> HeadersFrame:
        """A HEADERS frame with a block of its own making."""
        self.streams.setdefault(stream_id, Stream())
        return HeadersFrame(stream_id, data=self._encoder.encode(list(fields)), flags=flags)

    @staticmethod
    def raw_data(stream_id: int, data: bytes, *flags: str) -> DataFrame:
        return DataFrame(stream_id, data=data, flags=flags)

    @staticmethod
    def more_head(stream_id: int, data: bytes, *flags: str) -> ContinuationFrame:
        return ContinuationFrame(stream_id, data=data, flags=flags)

    # answers

    def read(self, stream_id: int) -> Reply:
        """What comes on this stream until it or the connection is over."""
        stream = self.streams[stream_id]
        while not stream.over and self.more():
            pass
        return stream.reply

    def read_to_the_end(self) -> None:
        """Everything until the peer closes."""
        while self.more():
            pass

    def more(self) -> bool:
        """Read one piece; False at the end of the connection."""
        try:
            data = self.wire.conn.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError, BrokenPipeError):
            data = b""
        if not data:
            self.closed = True
            return False
        if self._odd:
            self._look_for_the_end(data)
            return True
        for event in self.h2.receive_data(data):
            self._one(event)
        self.flush()
        return True

    def _look_for_the_end(self, data: bytes) -> None:
        """After frames that our own state machine knows nothing of, only the end of the connection is looked for."""
        self._unread += data
        while len(self._unread) >= FRAME_HEAD:
            frame, length = Frame.parse_frame_header(memoryview(self._unread[:FRAME_HEAD]))
            if len(self._unread) < FRAME_HEAD + length:
                return
            frame.parse_body(memoryview(self._unread[FRAME_HEAD : FRAME_HEAD + length]))
            self._unread = self._unread[FRAME_HEAD + length :]
            if isinstance(frame, GoAwayFrame):
                self.goaway = frame.error_code

    def _one(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived():
                stream = self.streams.setdefault(event.stream_id, Stream())
                headers = {str(name): str(value) for name, value in event.headers}
                stream.status = int(headers.pop(":status"))
                stream.headers = headers
            case h2.events.DataReceived():
                self.streams[event.stream_id].body += event.data
                if self._pull:
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case h2.events.StreamEnded():
                self.streams[event.stream_id].ended = True
            case h2.events.StreamReset():
                self.streams.setdefault(event.stream_id, Stream()).reset = int(event.error_code)
            case h2.events.PingAckReceived():
                self.pinged += 1
            case h2.events.ConnectionTerminated():
                self.goaway = int(event.error_code)
            case _:
                pass


def in_tls(conn: ssl.SSLSocket, authority: str, *, window: int | None = None) -> H2Wire:
    """HTTP/2 on a connection that has agreed on it."""
    assert conn.selected_alpn_protocol() == "h2", conn.selected_alpn_protocol()
    return H2Wire(Wire(conn), authority, window=window)


@contextlib.contextmanager
def h2_secure(
    port: int, place: str, ca: Path, *, authority: str | None = None, window: int | None = None
) -> Iterator[H2Wire]:
    """HTTP/2 in a tunnel to `place`."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        tunnel(port, place) as outer,
        context.wrap_socket(outer.conn, server_hostname=place.partition(":")[0]) as conn,
    ):
        yield in_tls(conn, authority or place.removesuffix(":443"), window=window)
