"""Out by e-mail: one message builder, several transports."""
