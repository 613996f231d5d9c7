"""Versions of each stage's table: kept when it changes, pinned by the cases opened under it, moved on purpose."""
