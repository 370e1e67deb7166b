"""What was decrypted and what passed can be read afterwards, by host."""

import asyncio
import json
import ssl
import stat

import pytest
from intercepting import CLOSE, intercepting, proxy, request
from pandaprobe_proxy.intercept.destinations import MANY, OTHERS, Destinations, read
from upstreams import answering, response, scripted_upstream


def kept(tmp_path):
    path = tmp_path / "ca" / "destinations.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return {name: tuple(entry[key] for key in ("decrypted", "passed", "refused")) for name, entry in read(path).items()}


async def test_a_listed_host_is_decrypted_and_another_passes(tmp_path, origins):
    script = answering(response(b"{}"), close=True)
    async with (
        scripted_upstream(script, ssl=origins.server()) as listed,
        scripted_upstream(script, ssl=origins.server()) as other,
        scripted_upstream(script) as plain,
        proxy(tmp_path, origins, listed) as running,
    ):
        for _ in range(2):
            await running.ask(listed.port, request(CLOSE))
        client = await running.tunnel(other.port, origins.client())
        await client.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET %s/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % plain.url.encode())
        await reader.read()
        writer.close()
    assert kept(tmp_path) == {
        f"localhost:{listed.port}": (2, 0, 0),
        f"localhost:{other.port}": (0, 1, 0),
        f"127.0.0.1:{plain.port}": (0, 1, 0),
    }


async def test_a_client_that_does_not_trust_us_is_told(tmp_path, origins):
    async with (
        scripted_upstream(answering(response(b"{}")), ssl=origins.server()) as upstream,
        proxy(tmp_path, origins, upstream) as running,
    ):
        with pytest.raises(ssl.SSLCertVerificationError):
            await running.tunnel(upstream.port, origins.client())
        await asyncio.sleep(0.1)
        assert running.events == []
    assert kept(tmp_path) == {f"localhost:{upstream.port}": (1, 0, 1)}


async def test_counts_go_on_after_a_restart(tmp_path, origins):
    async with scripted_upstream(answering(response(b"{}"), close=True), ssl=origins.server()) as upstream:
        for _ in range(2):
            async with intercepting(tmp_path, origins) as running:
                client = await running.tunnel(upstream.port, origins.client())
                await client.close()
    assert kept(tmp_path) == {f"localhost:{upstream.port}": (0, 2, 0)}


async def test_only_so_many_hosts_are_told_apart(tmp_path):
    found = Destinations(tmp_path / "destinations.json", lambda: 0)
    for number in range(MANY + 5):
        found._note((f"host-{number}", 443), "passed")
    found.write()
    entries = read(tmp_path / "destinations.json")
    assert len(entries) == MANY + 1 and entries[OTHERS]["passed"] == 5
    assert entries["host-0:443"]["first"] == "1970-01-01T00:00:00+00:00"


async def test_it_is_written_by_itself_and_where_it_cannot_be_connections_go_on(tmp_path):
    found = Destinations(tmp_path / "none" / "destinations.json", lambda: 0)
    found._note(("host", 443), "passed")
    found.write()
    assert not (tmp_path / "none").exists()
    (tmp_path / "none").mkdir()
    found._note(("host", 443), "passed")
    await asyncio.sleep(1.2)
    assert read(tmp_path / "none" / "destinations.json")["host:443"]["passed"] == 2


@pytest.mark.parametrize("text", ["", "[]", '{"a:1": 3}', json.dumps({"a:1": {"decrypted": "x"}})])
def test_a_file_that_is_none_of_ours_is_begun_anew(tmp_path, text):
    (tmp_path / "d.json").write_text(text)
    assert read(tmp_path / "d.json") == {}
    assert read(tmp_path / "none") == {}
