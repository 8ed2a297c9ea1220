"""Requests to the emulator and its replies, in Graph's words."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """One request as it arrived. query: option names in lower case, as Graph reads them."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    host: str
    twice: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        """The bearer token, or ""."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.casefold() == "bearer" else ""

    @property
    def parts(self) -> list[str]:
        """The path's parts, unquoted."""
        return [unquote(part) for part in self.path.strip("/").split("/")]


def parse_request(method: str, target: str, headers: Mapping[str, str], body: bytes, host: str) -> Request:
    url = urlsplit(target)
    pairs = [(key.casefold(), value) for key, value in parse_qsl(url.query, keep_blank_values=True)]
    names = [key for key, _ in pairs]
    twice = tuple(sorted({name for name in names if names.count(name) > 1}))
    return Request(method, url.path, dict(pairs), headers, body, host, twice)


@dataclass(frozen=True)
class Reply:
    """One response. conduct: "" to send it, "hang" to send nothing, "reset" to break the connection.

    cut: announced bytes that are not sent. drip: seconds between small parts of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    conduct: str = ""
    cut: int = 0
    drip: float = 0.0


class GraphError(Exception):
    """Graph rejects a request; `reply` is the response."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body.decode())
        self.reply = reply


def json_reply(content: Any, status: int = 200, **headers: str) -> Reply:
    body = json.dumps(content, ensure_ascii=False).encode()
    kind = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"
    return Reply(status, body, {"Content-Type": kind, **_header_names(headers)})


def page(*events: Any, link: str = "") -> Reply:
    """A page of events, and the link to the next one."""
    return json_reply({"value": list(events), **({"@odata.nextLink": link} if link else {})})


def error_reply(status: int, code: str, message: str = "no", **headers: str) -> Reply:
    """An error in Graph's form."""
    inner = {"date": "2026-11-16T04:15:00", "request-id": str(uuid.uuid4()), "client-request-id": ""}
    content = {"error": {"code": code, "message": message, "innerError": inner}}
    return json_reply(content, status, **headers)


def graph_error(status: int, code: str, message: str, **headers: str) -> GraphError:
    return GraphError(error_reply(status, code, message, **headers))


def html_reply(status: int = 200, title: str = "Sign in to your account") -> Reply:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>"
    return Reply(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _header_names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
