"""A slow link: a TCP relay that holds back bytes, for as long as a test needs it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

CHUNK = 16_384
TAIL_S = 0.05  # of bytes that wait here; more would hide from the sender how slow the link is


class Link:
    """Bytes per second in each direction and the delay of one way; may be changed at any time."""

    def __init__(self, port: int) -> None:
        self.target, self.port = port, 0
        self.rate, self.delay = 1e9, 0.0
        self.down = 0  # bytes that went to the browser
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []

    def slow(self, mbit: float, rtt_ms: float) -> None:
        self.rate, self.delay = mbit * 1e6 / 8, rtt_ms / 2000

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers += [writer, up_writer]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._relay(reader, up_writer, False), self._relay(up_reader, writer, True)
            )

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: bool
    ) -> None:
        """Send each chunk on when the link is free for it, plus the delay."""
        free, queue = 0.0, asyncio.Queue[tuple[float, bytes]]()
        sender = asyncio.ensure_future(self._send(queue, writer))
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while data := await reader.read(CHUNK):
                now = self._loop.time()
                free = max(free, now) + len(data) / self.rate
                self.down += len(data) * down
                queue.put_nowait((free + self.delay, data))
                await asyncio.sleep(max(0.0, free - now - TAIL_S))
        queue.put_nowait((0.0, b""))
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await sender

    async def _send(
        self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                due, data = await queue.get()
                if not data:
                    break
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                writer.write(data)
                await writer.drain()
            writer.close()


@contextlib.contextmanager
def slow_link(port: int) -> Iterator[Link]:
    """Relay connections to a port of this machine; `link.port` is where to connect."""
    link, ready = Link(port), threading.Event()

    async def end() -> None:
        tasks = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in link._writers:
            writer.transport.abort()
        servers[0].close()
        await asyncio.sleep(0.1)  # for the transports to let go of their sockets

    servers: list[asyncio.Server] = []

    async def run() -> None:
        server = await asyncio.start_server(link._serve, "127.0.0.1", 0)
        servers.append(server)
        link.port = server.sockets[0].getsockname()[1]
        ready.set()

    def serve() -> None:
        asyncio.set_event_loop(link._loop)
        link._loop.run_until_complete(run())
        link._loop.run_forever()
        link._loop.run_until_complete(end())
        link._loop.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield link
    finally:
        link._loop.call_soon_threadsafe(link._loop.stop)
        thread.join(10)
