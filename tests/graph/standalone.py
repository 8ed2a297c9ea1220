"""The emulator as a separate process: the demo council, or many copies of its managers."""

import argparse
import json
import signal
import sys
import threading
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from graph.emulator import Emulator
from graph.faults import FAULTS_BY_NAME
from graph.mailboxes import PAGING, QUIRKS


def main() -> None:
    """Serve until SIGTERM or SIGINT, then print the numbers of requests."""
    options = _parse_options()
    with Emulator(port=options.port) as graph:
        addresses = _fill_mailboxes(graph, options.mailboxes) if options.demo else []
        faulty = _inject_faults(graph, addresses, options)
        graph.answer_after = options.answer_after
        _print_json({"root": graph.root, "tenant": graph.tenant, "client_id": graph.client_id,
              "secret": graph.secret, "mailboxes": addresses, "faulty": faulty})  # fmt: skip
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
        _print_json(
            {
                "requests": len(graph.requests_to()),
                "tokens": graph.entra.made,
                "most_at_once": graph.most_at_once,
            }
        )


def _parse_options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--demo", action="store_true", help="create the mailboxes of the demo council")
    parser.add_argument("--mailboxes", type=int, default=0, help="that many copies of the demo's managers")
    known = ", ".join((*FAULTS_BY_NAME, *PAGING[1:], *QUIRKS))
    parser.add_argument("--fault", action="append", default=[], metavar="ADDRESS=NAME[*TIMES]", help=known)
    parser.add_argument(
        "--faulty", type=float, default=0.0, help="fraction of all mailboxes that never respond correctly"
    )
    parser.add_argument("--answer-after", type=float, default=0.0, help="seconds that every response takes")
    return parser.parse_args()


def _fill_mailboxes(graph: Emulator, copies: int) -> list[str]:
    """Create the council's mailboxes, or copies of them under other addresses; returns the addresses."""
    from calsync.demo.council import council_managers
    from calsync.demo.graph import build_graph_events
    from calsync.model.span import Span

    everything = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 3, 1, tzinfo=UTC))
    originals = [
        graph.set_events(manager.email, *build_graph_events(manager, everything))
        for manager in council_managers()
    ]
    if not copies:
        return [box.address for box in originals]
    addresses = [f"m{n:05}@brynfelin.gov.wales.example" for n in range(copies)]
    for address, original in zip(addresses, cycle(originals), strict=False):
        graph.set_events(address).rows = original.rows
    return addresses


def _inject_faults(graph: Emulator, addresses: list[str], options: Any) -> dict[str, str]:
    faults = dict(text.split("=", 1) for text in options.fault)
    if options.faulty:
        step = max(1, round(1 / options.faulty))
        kinds = cycle(("403", "404", "503", "html", "truncated", "endless", "foreign", "error-text"))
        faults |= dict(zip(addresses[::step], kinds, strict=False))
    for address, text in faults.items():
        name, _, times = text.partition("*")
        _inject_fault(graph, address, name, int(times) if times else None)
    return faults


def _inject_fault(graph: Emulator, address: str, name: str, times: int | None) -> None:
    if name in PAGING:
        graph.mailbox(address).paging = name
    elif name in QUIRKS:
        graph.mailbox(address).quirks += (QUIRKS[name],)
    elif name in FAULTS_BY_NAME:
        graph.inject_fault(address, FAULTS_BY_NAME[name](), times)
    else:
        raise SystemExit(f"no such fault: {name}")


def _print_json(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()
