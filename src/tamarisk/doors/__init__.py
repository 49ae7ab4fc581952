"""Where people come in; no science here."""
