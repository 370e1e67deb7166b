"""Which session a call belongs to: clues are read, then resolved. Pure."""
