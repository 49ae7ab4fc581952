"""What would happen: models run over time."""
