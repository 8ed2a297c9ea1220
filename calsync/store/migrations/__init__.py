"""The schema's history: one file a step in `versions/`, run by `calsync.store.migrate`.

A new step: change `schema.py`, write a file beside the others that names the last step as its
`down_revision`, and never change a step that was released. A test compares what the steps build with
`schema.py`, on both databases, and says what is missing.
"""
