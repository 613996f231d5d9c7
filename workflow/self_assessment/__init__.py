"""A consortium grades itself by the criteria of close integration, with evidence, and files the result."""
