"""The agreement between the insurance agency and the lead: drafted, authorised, signed by both, paid, renewed, ended."""
