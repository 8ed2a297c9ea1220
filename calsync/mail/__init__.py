"""Out by e-mail: one message builder, several transports, and an outbox that sends nothing twice."""
