"""Surplus plan 结余分配与备案: who gets what of a retained surplus, and, by the same path, who bears an overrun."""
