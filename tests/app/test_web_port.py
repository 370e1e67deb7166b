"""What the sidecar's web port is asked to do, and what it answers."""

import http.server
import threading

import pytest
from pandaprobe_proxy.app.web_port import WebPort, find_address, request
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.errors import StoreError
from sidecar import free_port


class _Web(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        status, body = {
            "/ok": (200, b'{"a": 1}'),
            "/bad": (503, b'{"detail": "it is full."}'),
            "/odd": (200, b"<"),
        }.get(self.path, (404, b"{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def address():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_answer_is_an_object_and_404_is_none(address):
    assert request(WebPort(address), "POST", "/ok", {"x": 1}) == {"a": 1}
    assert request(WebPort(address), "POST", "/gone") is None


def test_a_refusal_is_told_in_its_own_words(address):
    with pytest.raises(StoreError, match="it is full"):
        request(WebPort(address), "POST", "/bad")


@pytest.mark.parametrize("path", ["/odd", None])
def test_no_answer_is_told_as_one(address, path):
    with pytest.raises(StoreError, match="does not answer"):
        request(WebPort(address if path else f"127.0.0.1:{free_port()}"), "POST", path or "/")


def test_without_a_sidecar_there_is_no_address(tmp_path):
    assert find_address(Settings(data_dir=tmp_path)) is None
