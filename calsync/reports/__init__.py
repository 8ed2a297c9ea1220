"""Summaries of managers' time, rendered as mails in English and Welsh."""
