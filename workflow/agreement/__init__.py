"""The agreement between the insurance agency and the lead: drafted, signed by both, paid, renewed, ended."""
