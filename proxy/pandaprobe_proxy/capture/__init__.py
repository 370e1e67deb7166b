"""From events to rows: ring (relay side to recorder side), recorder, redact, keep."""
