"""Raised inside this package where something is for the full parser; neither leaves the package."""


class FileNeedsFullParser(Exception):
    """A file that only the full parser reads as a whole."""


class EventNeedsFullParser(Exception):
    """An event that only the full parser reads, with all other events of its UID."""
