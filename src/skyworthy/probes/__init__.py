"""What smoke tests ask of running services."""
