"""Where calls are kept, grouped by session. `base` is the contract; each other package is one technology."""
