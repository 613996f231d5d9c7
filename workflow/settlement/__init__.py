"""Monthly settlement: one case for each consortium, pool and month, from declaring to every member's receipt."""
