"""Relays HTTP between an app and its providers and tells a tap what passes.

server    the listening side: one protocol object per client     upstream  the pooled connections to providers
http1     sans-IO: where one connection stands, what may follow  headers   which headers cross, pure
routes    which upstream a path belongs to, pure

It never records, decodes or stores; delete every package but this and model, and it still relays.
"""
