"""Text matching for rules: folding, phrases, abbreviations, Welsh mutations, misspellings."""
