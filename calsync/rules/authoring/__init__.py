"""Tools for authors of rules: check, score, usage of rules, suggestions, names of persons."""
