"""Restate: its server from npm, and a service of ours with its Rust SDK."""
