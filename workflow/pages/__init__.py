"""Pages every stage shares: home, inbox, consortia, and the page of a case."""
