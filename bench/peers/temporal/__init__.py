"""Temporal's development server with its Python SDK."""
