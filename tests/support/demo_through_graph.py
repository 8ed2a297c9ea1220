"""The demo council with its calendars on a server. As a script: a night through Graph, played on loopback.

`make demo-m365` runs it: the emulator holds the twelve mailboxes, and calsync reads them as it would
read a tenant's.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from graph.emulator import Emulator

from calsync.demo.council import council_managers
from calsync.demo.graph import build_graph_events
from calsync.demo.write import DEMO_DAY, write_demo
from calsync.model.span import Span

YEARS = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))


def write_demo_with_source(folder: Path, source: str, calendars: Mapping[str, str]) -> Path:
    """The demo's settings with another source, and each manager's calendar there."""
    config = write_demo(folder)
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"\[sources\.exported\]\n.*\n", lambda _: source, text), encoding="utf-8")
    roster = (folder / "managers.csv").read_text(encoding="utf-8")
    for manager in council_managers():
        roster = roster.replace(
            f",exported,calendars/{manager.id}.ics,", f",elsewhere,{calendars[manager.id]},"
        )
    (folder / "managers.csv").write_text(roster, encoding="utf-8")
    return config


def write_graph_demo(folder: Path, graph: Emulator) -> Path:
    """The council in the emulator's mailboxes; the secret stands in APP_SECRET."""
    for manager in council_managers():
        graph.set_events(manager.email, *build_graph_events(manager, YEARS))
    source = (
        f'[sources.elsewhere]\ntype = "m365"\ntenant = "{graph.tenant}"\n'
        f'client_id = "{graph.client_id}"\n'
        f'secret_env = "APP_SECRET"\ngraph_root = "{graph.root}"\n'
    )
    return write_demo_with_source(
        folder, source, {manager.id: manager.email for manager in council_managers()}
    )


def main() -> None:
    """Check and run a night of the demo council through Graph."""
    with Emulator() as graph:
        config = write_graph_demo(Path(sys.argv[1]), graph)
        os.environ["APP_SECRET"] = graph.secret
        for words in (["check"], ["run", "--night", str(DEMO_DAY)]):
            print("$ calsync", *words, flush=True)
            ran = subprocess.run([sys.executable, "-m", "calsync", *words, "--config", str(config)])
            if ran.returncode:
                sys.exit(ran.returncode)
        print(
            f"{len(graph.requests_to())} requests to Graph for "
            f"{len(council_managers())} mailboxes, checks included"
        )
    print(f"Open the mails in {config.parent / 'outbox'}")


if __name__ == "__main__":
    main()
