"""The schema's history: one file a step in `versions/`, run by `calsync.store.migrate`."""
