"""Whether a learned model would earn a place beside the rules: `python -m benchmarks.learned.trial`."""
