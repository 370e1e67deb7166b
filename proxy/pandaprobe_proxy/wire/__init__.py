"""Bytes in, events out: framing decoders with a bound on everything. No sockets, no clocks, no providers."""
