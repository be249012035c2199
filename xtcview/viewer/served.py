"""The viewer as a page of its own, for people who do not write cells: ``xtcview view``.

The widget's script stands in front of a model that asks over HTTP. The server listens on the
loopback interface only, and answers nobody who does not know the secret in the address.
"""

from __future__ import annotations

import json
import secrets
import struct
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import traitlets

from xtcview.viewer import offline
from xtcview.viewer.choices import DRAWN
from xtcview.viewer.state import LOOK
from xtcview.viewer.widget import Viewer

HOST = "127.0.0.1"
LONGEST = 1_000_000  # bytes of a question
SETTABLE = ("event", *LOOK, *DRAWN, "bookmarks", "prefetch")
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
POLICY += "img-src data:; connect-src 'self'"


class PageViewer(Viewer):
    """A viewer whose messages are kept until the page fetches them."""

    def __init__(self, run: Any, det: Any) -> None:
        self._outbox: list[tuple[dict[str, Any], list[Any]]] = []
        self._asked = threading.Lock()
        super().__init__(run, det)

    def send(self, content: dict[str, Any], buffers: Any = None) -> None:
        """Keep a message for the page."""
        self._outbox.append((content, list(buffers or [])))

    def messages(self, content: Any) -> list[tuple[dict[str, Any], list[Any]]]:
        """Return the answer to a question, and what else there is to tell."""
        with self._asked:
            if isinstance(content, dict) and content.get("t") == "state":
                self._adopt(content.get("values"))
            else:
                self._on_message(self, content, [])
            found, self._outbox = self._outbox, []
        return found

    def _adopt(self, values: Any) -> None:
        for name, value in (values if isinstance(values, dict) else {}).items():
            if name not in SETTABLE or not self.has_trait(name):
                continue
            try:
                setattr(self, name, value)
            except traitlets.TraitError as error:
                self.send({"t": "error", "to": "state", "text": str(error)})

    def state(self) -> dict[str, Any]:
        """Return the settings as the page has them at first."""
        return {name: getattr(self, name) for name in SETTABLE if self.has_trait(name)}


class Server(ThreadingHTTPServer):
    """Serves one viewer; `address` is for a browser."""

    daemon_threads = True

    def __init__(self, viewer: PageViewer, port: int = 0) -> None:
        self.viewer, self.secret = viewer, secrets.token_urlsafe(24)
        super().__init__((HOST, port), _Handler)

    @property
    def address(self) -> str:
        """Address of the page, the secret included."""
        return f"http://{HOST}:{self.server_address[1]}/{self.secret}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a page go that was closed while it waited; tell of anything else."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "xtcview"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if not self._may("/"):
            return
        data = {"title": repr(self.server.viewer), "state": self.server.viewer.state()}
        page = offline.filled(data, "createServedModel(data)")
        self._reply(HTTPStatus.OK, "text/html; charset=utf-8", page.encode())

    def do_POST(self) -> None:
        if not self._may("/ask"):
            return
        try:
            size = int(self.headers.get("Content-Length", ""))
            if not 0 <= size <= LONGEST:
                raise ValueError(f"a question of {size} bytes")
            content = json.loads(self.rfile.read(size))
        except ValueError as error:
            self.close_connection = True
            self._reply(HTTPStatus.BAD_REQUEST, "text/plain", str(error).encode())
            return
        packed = pack(self.server.viewer.messages(content))
        self._reply(HTTPStatus.OK, "application/octet-stream", packed)

    def _may(self, path: str) -> bool:
        """Refuse who does not know the secret, and pages of other hosts."""
        known = secrets.compare_digest(self.path.encode(), f"/{self.server.secret}{path}".encode())
        host = f"{HOST}:{self.server.server_address[1]}"
        if known and self.headers.get("Host") == host:
            return True
        self.close_connection = True
        self._reply(HTTPStatus.FORBIDDEN, "text/plain", b"the address is incomplete")
        return False

    def _reply(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        headers |= {"Cache-Control": "no-store", "Content-Security-Policy": POLICY}
        headers |= {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet."""


def pack(found: list[tuple[dict[str, Any], list[Any]]]) -> bytes:
    """Return messages as bytes.

    Returns
    -------
    bytes
        Length of the header (uint32, little endian); the header, JSON: a list of 'content' and
        'sizes' of the buffers; the buffers one after another.
    """
    buffers = [[bytes(buffer) for buffer in own] for _, own in found]
    told = [
        {"content": content, "sizes": [len(b) for b in own]}
        for (content, _), own in zip(found, buffers, strict=True)
    ]
    head = json.dumps(told, default=str).encode()
    return b"".join([struct.pack("<I", len(head)), head, *(b for own in buffers for b in own)])
