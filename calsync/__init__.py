"""calsync tells partner agencies where their managers' meeting time goes."""

__version__ = "0.1.0"
