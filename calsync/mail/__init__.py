"""Sends summaries by mail: a message builder, several transports, and an outbox that sends no mail twice."""
