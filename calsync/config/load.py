"""Reads `calsync.toml` and reports every fault at once."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from calsync.config.settings import Settings
from calsync.errors import ConfigError
from calsync.model.problem import Problem
from calsync.validation import validation_problems


def load_settings(file: Path) -> Settings:
    """The settings in a file.

    Raises:
        ConfigError: The file cannot be read, or has faults; `problems` lists all of them.
    """
    file = file.expanduser().absolute()
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        hint = "name it with --config, or write one with `calsync init`"
        raise ConfigError([Problem(str(file), "there is no such settings file", hint)]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([Problem(str(file), "is not text in UTF-8", "save it in UTF-8")]) from error
    except OSError as error:
        hint = "let the account that runs calsync read it, or name another file with --config"
        raise ConfigError([Problem(str(file), f"cannot be read: {error.strerror}", hint)]) from error
    except tomllib.TOMLDecodeError as error:
        hint = "texts are in quotes; see docs/operators/settings.md"
        raise ConfigError([Problem(str(file), f"is not TOML: {error}", hint)]) from error
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        raise ConfigError(validation_problems(error, file.name, Settings)) from error
    settings._file = file
    return settings
