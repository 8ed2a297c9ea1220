"""What a source could not read of a calendar, and which meetings held of it must therefore stay."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnreadParts:
    """Parts of a calendar that were listed and could not be read.

    Args:
        uids: the uids of those parts; what is held of them is not removed.
        removable: None where `uids` names all of them. Where some part's uids are unknown, the uids that
            are known to lie in no unread part: what is held of any other uid is not removed.
        prefix: what is held of uids that begin so is not removed either; "" for none.
    """

    uids: frozenset[str] = frozenset()
    removable: frozenset[str] | None = None
    prefix: str = ""

    def __bool__(self) -> bool:
        return bool(self.uids or self.prefix) or self.removable is not None

    def must_keep(self, uid: str) -> bool:
        """Whether held meetings of this uid stay, although they are not among those that were read."""
        if uid in self.uids or (self.prefix and uid.startswith(self.prefix)):
            return True
        return self.removable is not None and uid not in self.removable


ALL_READ = UnreadParts()
"""Nothing of a calendar was left unread."""
