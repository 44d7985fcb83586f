"""Steadflow, measured as the peers are, and by its own `steadflow bench`."""
