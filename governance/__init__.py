"""What the rules say: pure functions of plain values; no clock, no rows, no requests."""
