"""Minutes: which meetings count, how meetings share a minute, and the totals. No input or output."""
