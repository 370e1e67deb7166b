"""Relays HTTP between an app and its providers and tells a tap what passes.

server     the relay: serves, sweeps, drains      client    one client's connection    upstream  pooled connections
exchange   one exchange and how it ends           asking    its request, upwards       answering its answer, downwards
dial       opens connections, TLS, tunnels        ambient   what all of them share     proxies   which proxy, pure
http1      heads, sans-IO                         bodies    framing, sans-IO           headers   which cross, pure
routes     which upstream a path has, pure        refusals  the relay's own errors, pure
usage      what is added to a request on the user's wish, pure

It never records, decodes or stores; delete every package but this and model, and it still relays.
"""
