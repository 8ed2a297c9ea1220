"""`calsync check`: everything a night needs, tried without sending or keeping anything."""

import typer

from calsync.app.preflight import run_preflight
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, now, print_demo_day, print_problems
from calsync.cli.terminal import green, out, red
from calsync.config.load import load_settings
from calsync.model.problem import Severity


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Try settings, rules, store, mail and one calendar of each source; send nothing.

    Says in plain words what is wrong and what to do. Example: `calsync check --config calsync.toml`
    """
    settings = load_settings(config)
    print_demo_day(settings)
    today = settings.today(now())
    faulty = False
    for tried in run_preflight(settings, today):
        broken = any(problem.severity is Severity.FAULT for problem in tried.problems)
        out.print_line(
            red("✗") if broken else green("✓"), f" {tried.subject}: {tried.outcome or 'see below'}"
        )
        faulty |= print_problems(tried.problems)
    if faulty:
        raise typer.Exit(1)
