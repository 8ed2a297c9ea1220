"""Words: what a manager is told, in English and Welsh."""
