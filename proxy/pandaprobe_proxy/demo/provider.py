"""A scripted OpenAI-compatible provider on loopback: it wants a tool called, then answers, streamed if asked."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "scripted-1"
WORD_S = 0.02  # between the words of a stream, so that there is a first one and a last one


def reply_to(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The next assistant message, by the script."""
    last = messages[-1]
    if last["role"] == "tool":
        return {"role": "assistant", "content": f"It is {last['content']} in Paris, so take an umbrella."}
    if "weather" in last["content"]:
        call = {
            "id": "call_1",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'},
        }
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    return {"role": "assistant", "content": "The capital of France is Paris."}


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message = reply_to(asked["messages"])
        if asked.get("stream"):
            self._stream(message)
        else:
            reason = "tool_calls" if message.get("tool_calls") else "stop"
            self._send(_envelope({"message": message, "finish_reason": reason}, usage=_usage(asked, message)))

    def _send(self, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, message: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        words = str(message["content"]).split(" ")
        deltas = [{"role": "assistant", "content": words[0]}, *({"content": f" {word}"} for word in words[1:])]
        for delta in deltas:
            self._event(json.dumps(_envelope({"delta": delta, "finish_reason": None})))
            time.sleep(WORD_S)
        self._event(json.dumps(_envelope({"delta": {}, "finish_reason": "stop"})))
        self._event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _event(self, data: str) -> None:
        block = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        self.wfile.flush()


def _envelope(choice: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-demo", "created": 0, "model": MODEL, "choices": [{"index": 0, **choice}], **more}


def _usage(asked: dict[str, Any], message: dict[str, Any]) -> dict[str, int]:
    given, taken = (len(json.dumps(value)) // 4 for value in (asked["messages"], message))
    return {"prompt_tokens": given, "completion_tokens": taken, "total_tokens": given + taken}


@contextmanager
def provider() -> Iterator[str]:
    """A provider that runs for the block; its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
