"""Claims: files of settled cases in, tallies of one consortium, pool and settlement month out."""
