"""An HTTP server on loopback, whose connections can fail in several ways."""

import contextlib
import socket
import struct
import threading
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from graph.replies import Reply, Request, parse_request

_MAX_SILENCE = 60.0
_DRIP_BYTES = 16


class Server:
    """Listens from the start, and responds once it is started."""

    def __init__(self, reply: Callable[[Request], Reply], port: int = 0) -> None:
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.reply = reply
        self.root = f"http://127.0.0.1:{self._http.server_address[1]}/"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close every connection, also those that still wait for a response."""
        self._http.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    reply: Callable[[Request], Reply]

    def __init__(self, *args: object) -> None:
        self.stopped = threading.Event()
        super().__init__(*args)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes its connection is not reported."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Http

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {key.casefold(): value for key, value in self.headers.items()}
        request = parse_request(self.command, self.path, headers, body, headers.get("host", ""))
        self._send(self.server.reply(request), headers)

    def _send(self, reply: Reply, request_headers: dict[str, str]) -> None:
        if reply.conduct == "hang":
            self.server.stopped.wait(_MAX_SILENCE)
        if reply.conduct:
            self._reset_connection()
            return
        # A reply with its own Date is that of a server whose clock differs from the local one.
        (self.send_response_only if "Date" in reply.headers else self.send_response)(reply.status)
        name = str(uuid.uuid4())
        more = {"request-id": name, "client-request-id": request_headers.get("client-request-id", name)}
        for key, value in {"Content-Type": "application/json", **more, **reply.headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(reply.body) + reply.cut))
        self.end_headers()
        self._write(reply)
        self.wfile.flush()
        self.close_connection = self.close_connection or bool(reply.cut)

    def _write(self, reply: Reply) -> None:
        if not reply.drip:
            self.wfile.write(reply.body)
            return
        for start in range(0, len(reply.body), _DRIP_BYTES):
            self.wfile.write(reply.body[start : start + _DRIP_BYTES])
            self.wfile.flush()
            if self.server.stopped.wait(reply.drip):
                break

    def _reset_connection(self) -> None:
        """Break the connection with RST rather than end it."""
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _respond  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""
