"""Organisations, the people who hold seats in them, consortia and their members."""
