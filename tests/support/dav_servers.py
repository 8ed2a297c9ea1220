"""Starts real CalDAV servers on loopback: Radicale and Xandikos."""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import requests
from contracts.ics_text import occurrences_to_ics

from calsync.model.occurrence import Occurrence

READER = ("calsync", "readers-password")
WRITER = ("writer", "writers-password")
OWNER = ("ana", "anas-password")
_WRITER_RIGHTS = """
[writer]
user: writer
collection: .*
permissions: RrWw
"""
_user_numbers = itertools.count(1)


class DavServer:
    """A running server, to which a test writes. root: its address; writer: an account that may write."""

    def __init__(self, root: str, writer: tuple[str, str] | None, homes: str) -> None:
        self.root = root
        self._homes = homes
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = writer

    def new_user(self, name: str = "user") -> str:
        """Make a new user; returns the path of their calendar home."""
        return self.new_home(self._homes.format(user=f"{name}{next(_user_numbers)}"))

    def new_home(self, path: str) -> str:
        """Make the calendar home of a user at this path; returns the path."""
        self._request("MKCOL", path, 201)
        return path

    def new_calendar(self, path: str, properties: str = "") -> str:
        """Make a calendar collection at this path; returns the path."""
        kind = "<d:resourcetype><d:collection/><c:calendar/></d:resourcetype>"
        body = (
            '<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">'
            f"<d:set><d:prop>{kind}{properties}</d:prop></d:set></c:mkcalendar>"
        )
        self._request("MKCALENDAR", path, 201, body=body)
        return path

    def put(self, path: str, content: bytes) -> None:
        self._request("PUT", path, 200, 201, 204, body=content, kind="text/calendar")

    def delete(self, path: str) -> None:
        self._request("DELETE", path, 200, 204, 404)

    def set_occurrences(self, calendar: str, occurrences: Sequence[Occurrence]) -> None:
        """Write each occurrence to its own resource, and delete all others."""
        names = [f"{occurrence.uid}.ics".replace(":", "") for occurrence in occurrences]
        for name in self._list_names(calendar):
            if name not in names:
                self.delete(f"{calendar}{name}")
        for name, occurrence in zip(names, occurrences, strict=True):
            self.put(f"{calendar}{name}", occurrences_to_ics(occurrence))

    def close(self) -> None:
        self._session.close()

    def _list_names(self, calendar: str) -> list[str]:
        response = self._session.request("PROPFIND", self.root + calendar, headers={"Depth": "1"}, timeout=10)
        hrefs = [part.partition("</")[0] for part in response.text.replace("ns0:", "").split("href>")[1::2]]
        return [href.rpartition("/")[2] for href in hrefs if href.endswith(".ics")]

    def _request(
        self, method: str, path: str, *statuses: int, body: str | bytes = b"", kind: str = "application/xml"
    ) -> None:
        headers = {"Content-Type": kind} if body else {}
        content = body.encode() if isinstance(body, str) else body
        response = self._session.request(method, self.root + path, data=content, headers=headers, timeout=10)
        assert response.status_code in statuses, (
            f"{method} {path}: {response.status_code} {response.text[:300]}"
        )


@contextlib.contextmanager
def radicale(folder: Path) -> Iterator[DavServer]:
    """Radicale with a reading service account, as docs/operators/caldav.md describes it."""
    (folder / "users").write_text(
        "".join(f"{name}:{password}\n" for name, password in (READER, WRITER, OWNER))
    )
    (folder / "rights").write_text(_WRITER_RIGHTS + _read_documented_rights())
    port = _free_port()
    command = [sys.executable, "-m", "radicale", "--config", "", "--server-hosts", f"127.0.0.1:{port}",
               "--storage-filesystem-folder", str(folder / "calendars"),
               "--auth-type", "htpasswd", "--auth-htpasswd-filename", str(folder / "users"),
               "--auth-htpasswd-encryption", "plain", "--auth-delay", "0",
               "--rights-type", "from_file", "--rights-file", str(folder / "rights")]  # fmt: skip
    with _run_server(command, folder, port):
        server = DavServer(f"http://127.0.0.1:{port}", WRITER, "/{user}/")
        yield server
        server.close()


def _read_documented_rights() -> str:
    """The rights that docs/operators/caldav.md gives to administrators."""
    page = (Path(__file__).parents[2] / "docs" / "operators" / "caldav.md").read_text(encoding="utf-8")
    first = "[calsync reads every user"
    return first + page.partition(f"```ini\n{first}")[2].partition("```")[0]


@contextlib.contextmanager
def xandikos(folder: Path) -> Iterator[DavServer]:
    """Xandikos without logins: its only user owns every calendar."""
    port = _free_port()
    (folder / "calendars").mkdir()
    command = [sys.executable, "-m", "xandikos", "serve", "-d", str(folder / "calendars"), "--defaults",
               "-l", "127.0.0.1", "-p", str(port), "--state-dir", str(folder / "state"),
               "--current-user-principal", "/me/", "--no-detect-systemd"]  # fmt: skip
    with _run_server(command, folder, port):
        server = DavServer(f"http://127.0.0.1:{port}", None, "/me/calendars/{user}/")
        yield server
        server.close()


@contextlib.contextmanager
def _run_server(command: list[str], folder: Path, port: int) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder / "xdg")}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
        try:
            _wait_until_ready(process, port, folder / "server.log")
            yield
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
