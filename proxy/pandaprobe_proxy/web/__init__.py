"""The second port: the API over HTTP. The only owner of aiohttp's server. Loopback unless told otherwise."""
