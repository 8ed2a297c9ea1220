"""`calsync schedule`: the nightly job, every night."""

import logging

from calsync import scheduler
from calsync.cli.app import (
    DEFAULT_CONFIG,
    ConfigOption,
    app,
    print_demo_day,
)
from calsync.cli.logs import log_to_stderr
from calsync.config.load import load_settings


@app.command()
def schedule(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Run the nightly job every night until stopped; `python scheduler.py` does the same.

    Example: `calsync schedule --config /etc/calsync/calsync.toml`
    """
    settings = load_settings(config)
    print_demo_day(settings)
    log_to_stderr(logging.INFO, settings.organisation.zone)
    scheduler.serve(config)
