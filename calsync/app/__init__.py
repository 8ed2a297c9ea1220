"""The use cases: a night, its fetch jobs, the writer, allocation, summaries, corrections, exports.

    fetch → normalise → classify → store → allocate → store → summarise → queue → send

This package wires the others together; `cli` and `scheduler` call it. A calendar is replaced whole or not at
all. A problem affects one event, one calendar or one mail and is in the report. A second run of the same
night changes nothing and sends nothing.
"""
