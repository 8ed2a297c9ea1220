"""Rule packs: their TOML models, and how packs are read, checked and compiled into a `RuleBook`."""
