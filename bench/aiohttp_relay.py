"""A relay as most would write it with aiohttp, for comparison: it streams, and records nothing.

python bench/aiohttp_relay.py PORT UPSTREAM
"""

import sys

import aiohttp
from aiohttp import web

HOP = {"connection", "transfer-encoding", "content-length", "host", "keep-alive"}


async def relay(request):
    session, upstream = request.app["session"], request.app["upstream"]
    headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
    async with session.request(
        request.method,
        upstream + request.path_qs,
        headers=headers,
        data=request.content if request.can_read_body else None,
    ) as answer:
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        response = web.StreamResponse(status=answer.status, headers=kept)
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response


async def connect(app):
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    app["session"] = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
    yield
    await app["session"].close()


def main():
    app = web.Application(client_max_size=0)
    app["upstream"] = sys.argv[2].rstrip("/")
    app.cleanup_ctx.append(connect)
    app.router.add_route("*", "/{path:.*}", relay)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)


if __name__ == "__main__":
    main()
