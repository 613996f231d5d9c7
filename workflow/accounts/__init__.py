"""Signing in: people, sessions kept on the server, and the demo's one-click entry."""
