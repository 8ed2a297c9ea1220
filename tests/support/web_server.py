"""A real HTTP server on loopback whose responses a test sets, to test how sources handle them."""

import contextlib
import gzip
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Page:
    """One response. cut: announced bytes that are not sent. drip: seconds between bytes.

    silent: the server accepts the request and sends nothing until it is stopped.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    drip: float = 0.0
    silent: bool = False
    gzipped: bool = False


@dataclass(frozen=True)
class ReceivedRequest:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class WebServer:
    """Sends each path's pages one after another, the last one repeatedly; `requests` has every request."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[ReceivedRequest] = []
        self.stopped = threading.Event()
        self._pages: dict[str, list[Page]] = {}
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.web = self
        if context:
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self.scheme = "https" if context else "http"
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def set_pages(self, path: str, *pages: Page) -> str:
        """Set the pages of a path; returns its address."""
        self._pages[path] = list(pages)
        return self.url(path)

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "") -> str:
        return f"{scheme or self.scheme}://{host}:{self.port}{path}"

    def next_page(self, request: ReceivedRequest) -> Page:
        self.requests.append(request)
        pages = self._pages.get(request.path, [Page(b"no such page", 404)])
        return pages.pop(0) if len(pages) > 1 else pages[0]

    def stop(self) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@contextlib.contextmanager
def web_server(context: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    server = WebServer(context)
    try:
        yield server
    finally:
        server.stop()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    web: WebServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes its connection is not reported."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def _respond(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        headers = {key.lower(): value for key, value in self.headers.items()}
        page = self.server.web.next_page(
            ReceivedRequest(self.command, self.path, headers, self.rfile.read(length))
        )
        if page.silent:
            self.server.web.stopped.wait(20)
            self.close_connection = True
            return
        body = gzip.compress(page.body) if page.gzipped else page.body
        self.send_response_only(page.status)
        for key, value in page.headers.items():
            self.send_header(key, value)
        if page.gzipped:
            self.send_header("Content-Encoding", "gzip")
        if page.status != 304:
            self.send_header("Content-Length", str(len(body) + page.cut))
        self.end_headers()
        for part in _split_body(body, page.drip):
            self.wfile.write(part)
            self.wfile.flush()
            if self.server.web.stopped.wait(page.drip):
                break
        self.close_connection = bool(page.cut or page.drip)

    do_GET = do_PROPFIND = do_REPORT = _respond  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


def _split_body(body: bytes, drip: float) -> Sequence[bytes]:
    return [body[i : i + 1] for i in range(len(body))] if drip else [body]
