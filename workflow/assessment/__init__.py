"""Assessment 成效考核: of the consortium by the insurance bureau, and of the members by the management centre."""
