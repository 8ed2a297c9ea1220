"""Rule packs: models of their TOML, and the code that reads, checks and compiles them into a `RuleBook`."""
