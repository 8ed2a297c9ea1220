"""Reads and validates `calsync.toml`; all faults in it are reported together."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.problem import Problem
from calsync.validation import validation_problems


def load_settings(file: Path) -> Settings:
    """Return the settings in a file.

    Raises:
        ConfigError: The file cannot be read, or has faults; `problems` lists all of them.
    """
    file = file.expanduser().absolute()
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        hint = "give its path with --config, or create one with `calsync init`"
        raise ConfigError([Problem(str(file), "there is no such settings file", hint)]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(file), "is not text in UTF-8", "save it in UTF-8")]) from error
    except OSError as error:
        hint = "allow the account that runs calsync to read it, or give another path with --config"
        raise ConfigError([Problem(str(file), f"cannot be read: {error.strerror}", hint)]) from error
    except tomllib.TOMLDecodeError as error:
        hint = "write texts in quotation marks; see docs/operators/settings.md"
        raise ConfigError([Problem(str(file), f"is not TOML: {error}", hint)]) from error
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        raise ConfigError(validation_problems(error, file.name, Settings)) from error
    settings._file = file  # relative paths in the settings start at its folder
    return settings
