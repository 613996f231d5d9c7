"""A prepayment of one pool and year: applied for, checked, approved, advanced, set off by month, repaid by year end."""
