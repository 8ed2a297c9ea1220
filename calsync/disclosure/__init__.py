"""Disclosure control. Exporters write only tables that `disclosure.release` has released."""
