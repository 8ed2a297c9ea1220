"""`calsync check`: tests everything that a night needs; sends nothing and stores nothing."""

import typer

from calsync.app.preflight import run_preflight
from calsync.cli.app import DEFAULT_CONFIG, ConfigOption, app, now, print_demo_day, print_problems
from calsync.cli.terminal import green, out, red
from calsync.config.load import load_settings
from calsync.model.problem import Severity


@app.command()
def check(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Try settings, rules, store, mail and one calendar of each source; send nothing.

    Prints what is wrong and what to do. Example: `calsync check --config calsync.toml`
    """
    settings = load_settings(config)
    print_demo_day(settings)
    today = settings.today(now())
    has_faults = False
    for result in run_preflight(settings, today):
        has_failed = any(problem.severity is Severity.FAULT for problem in result.problems)
        out.print_line(
            red("✗") if has_failed else green("✓"), f" {result.subject}: {result.outcome or 'see below'}"
        )
        has_faults |= print_problems(result.problems)
    if has_faults:
        raise typer.Exit(1)
