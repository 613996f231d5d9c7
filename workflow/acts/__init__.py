"""What people do around a case besides taking its steps: hand on, add, ask, copy, comment, recuse, sign on paper."""
