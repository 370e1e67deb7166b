"""The nouns, as frozen values: exchange, call, session, trace, score, record. No I/O, no clock, no behaviour."""
