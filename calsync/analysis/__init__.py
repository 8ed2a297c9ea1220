"""Minutes: which meetings count, who shares a minute, what the totals are. Values in, values out."""
