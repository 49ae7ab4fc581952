"""Which numbers the data allow."""
