"""The year's global budget of one pool: calculated, consulted, approved, issued, adjusted in the year, closed."""
