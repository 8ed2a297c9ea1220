"""The door of the room: judge a meeting, or say why it was judged so."""

from calsync.rules.explain import Explanation, explain
from calsync.rules.judge import classify

__all__ = ["Explanation", "classify", "explain"]
