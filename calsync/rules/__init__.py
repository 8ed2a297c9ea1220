"""The judge: facts in, a verdict out, with the rule that gave it. Rules are data; see the `rules/` folder."""
