"""The parts of a calendar that a source could not read, whose stored meetings must therefore be retained."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnreadParts:
    """Parts of a calendar that the server listed and that could not be read.

    Args:
        uids: The uids of those parts; stored meetings of these uids are not removed.
        removable: None where `uids` is complete. Where the uids of some part are unknown, the uids that
            are certainly in no unread part: stored meetings of all other uids are not removed.
        prefix: Stored meetings of uids with this prefix are not removed either; "" for none.
    """

    uids: frozenset[str] = frozenset()
    removable: frozenset[str] | None = None
    prefix: str = ""

    def __bool__(self) -> bool:
        return bool(self.uids or self.prefix) or self.removable is not None

    def must_keep(self, uid: str) -> bool:
        """Whether stored meetings of this uid are retained although the source did not read them."""
        if uid in self.uids or (self.prefix and uid.startswith(self.prefix)):
            return True
        return self.removable is not None and uid not in self.removable


ALL_READ = UnreadParts()
"""Every part of the calendar was read."""
