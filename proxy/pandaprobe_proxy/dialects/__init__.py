"""One module per provider wire format: matches, asked, answered, streamed. Pure, tolerant, and blind to each other."""
