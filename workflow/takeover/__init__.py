"""Taking over a consortium that already runs: its recognition, its agreement and what it opens with."""
