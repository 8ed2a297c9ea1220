"""Settings, read once: `calsync.toml` and the list of managers. Nobody below has heard of it."""
