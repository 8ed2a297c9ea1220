"""The version of calsync; when it changes, all minutes are calculated again."""

__version__ = "0.1.0"
