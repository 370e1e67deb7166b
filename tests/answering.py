"""An upstream that answers as each request tells it to, in the header `X-Answer`; and an agent that talks so."""

import http.client
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "scripted-1"
KEY = "sk-canary-0123456789abcdefABCDEF"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.loads(self.headers["X-Answer"])
        status, message = answer["status"], answer["message"]
        if status != 200:
            return self._send(status, {"error": {"message": message, "type": "scripted"}})
        reason = "tool_calls" if message.get("tool_calls") else "stop"
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
        given = len(json.dumps(asked["messages"])) // 4
        usage = {"prompt_tokens": given, "completion_tokens": 20, "total_tokens": given + 20}
        return self._send(200, {"id": "chatcmpl-1", "model": MODEL, "choices": [choice], "usage": usage})

    def _send(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def answering():
    """The upstream's base URL, for the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Agent:
    """Talks through the relay in one session, with its whole history each time, as agents do."""

    def __init__(self, port, session, **headers):
        self.port = port
        self.session = session
        self.headers = headers
        self.messages = [{"role": "system", "content": "You are concise."}]

    def hear(self, role, content, **more):
        self.messages.append({"role": role, "content": content, **more})

    def ask(self, content=None, answer="Paris.", status=200, tool_calls=()):
        """One call; what is answered becomes part of the history."""
        if content is not None:
            self.hear("user", content)
        message = {"content": answer, **({"tool_calls": list(tool_calls)} if tool_calls else {})}
        self._post({"status": status, "message": message if status == 200 else answer})
        if status == 200:
            self.hear("assistant", **message)

    def use(self, name, arguments, result, ident):
        """A call that wants a tool, and the tool's result."""
        call = {"id": ident, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        self.ask(answer=None, tool_calls=[call])
        self.hear("tool", result, tool_call_id=ident)

    def _post(self, answer):
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": "application/json",
            "X-PandaProbe-Session": self.session,
            "X-Answer": json.dumps(answer),
            **self.headers,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(self._body()), headers)
            connection.getresponse().read()
        finally:
            connection.close()

    def _body(self):
        return {"model": MODEL, "messages": self.messages}
