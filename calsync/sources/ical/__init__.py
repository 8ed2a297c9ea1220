"""iCalendar (RFC 5545) text to occurrences: the exact path.

    bytes ─ text ─ structure ─┬─ events (times) ─ series ─ expand ─┬─ occurrences
                              └─ zones                   content ──┘

Reading (`text` to `events`) and expanding (`series`, `expand`) are separate, so that a faster reader
can take the first place. Nothing outside this room knows the classes of the libraries used in it.
"""
