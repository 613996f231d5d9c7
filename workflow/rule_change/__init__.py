"""A rule of a place: proposed with its document, its impact shown, approved and enacted by others, superseded later."""
