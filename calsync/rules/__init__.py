"""Classifies meetings by rules, which are data (`rules/`). A drawing: docs/developers/classification.md."""
