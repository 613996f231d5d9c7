"""Annual clearing 年度清算: the year of one consortium and pool, settled member by member and approved by two bureaus."""
