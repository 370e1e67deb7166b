import pytest
from pandaprobe_proxy.relay.routes import BUILT_IN, Routes, Upstream, parse_upstream

ROUTES = Routes()


def where(target, headers=(), routes=ROUTES):
    route = routes.route(target, tuple(headers))
    return route and (route.upstream.name, route.path)


@pytest.mark.parametrize(
    ("target", "name", "path"),
    [
        (b"/v1/chat/completions", "openai", b"/v1/chat/completions"),
        (b"/v1/models?limit=2", "openai", b"/v1/models?limit=2"),
        (b"/v1", "openai", b"/v1"),
        (b"/v1?x=/openai", "openai", b"/v1?x=/openai"),
        (b"/openai/v1/chat/completions", "openai", b"/v1/chat/completions"),
        (b"/openai/chat/completions", "openai", b"/chat/completions"),
        (b"/anthropic/v1/messages?beta=true", "anthropic", b"/v1/messages?beta=true"),
        (b"/gemini/v1beta/models/g:generateContent", "gemini", b"/v1beta/models/g:generateContent"),
        (b"/openrouter/api/v1/chat/completions", "openrouter", b"/api/v1/chat/completions"),
        (b"/groq/openai/v1/chat/completions", "groq", b"/openai/v1/chat/completions"),
        (b"/mistral/v1/chat/completions", "mistral", b"/v1/chat/completions"),
        (b"/deepseek/beta/completions", "deepseek", b"/beta/completions"),
        (b"/together/v1/chat/completions", "together", b"/v1/chat/completions"),
        (b"/ollama/api/chat", "ollama", b"/api/chat"),
        (b"/vllm/v1/completions", "vllm", b"/v1/completions"),
        (b"/ollama", "ollama", b"/"),
        (b"/ollama/", "ollama", b"/"),
        (b"/ollama?x=1", "ollama", b"/?x=1"),
        (b"/", "openai", b"/"),
        (b"/?q", "openai", b"/?q"),
        (b"*", "openai", b"*"),
        (b"/openai/a%3A0//x/../y?q=%2F%3A", "openai", b"/a%3A0//x/../y?q=%2F%3A"),
        (b"/openai//evil.example/x", "openai", b"//evil.example/x"),
    ],
)
def test_a_path_belongs_to_an_upstream(target, name, path):
    assert where(target) == (name, path)


@pytest.mark.parametrize(
    "target", [b"/v2/chat", b"/nobody/v1/chat", b"/OpenAI/v1", b"/v1beta/models", b"/favicon.ico", b"//v1/x"]
)
def test_any_other_path_is_nobodys(target):
    assert where(target) is None


@pytest.mark.parametrize("header", [b"anthropic-version", b"Anthropic-Version", b"x-api-key", b"X-Api-Key"])
@pytest.mark.parametrize("target", [b"/v1/messages", b"/v1/messages/count_tokens", b"/v1/messages?beta=true"])
def test_anthropics_messages_are_known_by_their_headers(target, header):
    assert where(target, [(header, b"1")]) == ("anthropic", target)


def test_messages_without_those_headers_and_other_paths_with_them_are_the_defaults():
    assert where(b"/v1/messages", [(b"authorization", b"k")])[0] == "openai"
    assert where(b"/v1/chat/completions", [(b"x-api-key", b"k")])[0] == "openai"


def test_without_an_anthropic_upstream_the_default_has_its_messages_too():
    routes = Routes([Upstream("gw", "http://gw")], "gw")
    assert where(b"/v1/messages", [(b"x-api-key", b"k")], routes) == ("gw", b"/v1/messages")


@pytest.mark.parametrize("url", ["https://gw/x/v1", "https://gw/x/v1/"])
def test_v1_is_never_doubled(url):
    routes = Routes([parse_upstream("gw", url)], "gw")
    assert where(b"/v1/chat?a", routes=routes) == ("gw", b"/x/v1/chat?a")
    assert where(b"/gw/v1/chat", routes=routes) == ("gw", b"/x/v1/chat")
    assert where(b"/gw/chat", routes=routes) == ("gw", b"/x/v1/chat")
    assert where(b"/v1", routes=routes) == ("gw", b"/x/v1")
    assert where(b"/v1?a", routes=routes) == ("gw", b"/x/v1?a")
    assert where(b"/gw/v1beta/x", routes=routes) == ("gw", b"/x/v1/v1beta/x")
    assert where(b"/", routes=routes) == ("gw", b"/x/v1/")


def test_a_prefix_is_put_in_front():
    routes = Routes([parse_upstream("gw", "http://gw/a/b")], "gw")
    assert where(b"/v1/chat", routes=routes) == ("gw", b"/a/b/v1/chat")
    assert where(b"/gw", routes=routes) == ("gw", b"/a/b")


def test_an_upstream_can_be_added_or_replaced_while_running():
    routes = Routes()
    assert where(b"/mine/x", routes=routes) is None
    routes.add(parse_upstream("mine", "http://127.0.0.1:1"))
    routes.add(parse_upstream("ollama", "http://127.0.0.1:2/p"))
    assert where(b"/mine/x", routes=routes) == ("mine", b"/x")
    assert where(b"/ollama/x", routes=routes) == ("ollama", b"/p/x")
    assert len(routes.upstreams()) == len(BUILT_IN) + 1


def test_the_default_has_to_exist():
    with pytest.raises(ValueError, match="no upstream named 'nope'"):
        Routes(default="nope")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.openai.com", (True, "api.openai.com", 443, b"api.openai.com", b"")),
        ("http://127.0.0.1:8000/", (False, "127.0.0.1", 8000, b"127.0.0.1:8000", b"")),
        ("http://[::1]:80/v1", (False, "::1", 80, b"[::1]", b"/v1")),
        ("HTTPS://API.Example:8443/x/", (True, "api.example", 8443, b"api.example:8443", b"/x")),
    ],
)
def test_an_upstream_is_taken_apart(url, origin):
    assert parse_upstream("a", url).origin == origin


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://x", "not an http"),
        ("api.openai.com", "not an http"),
        ("", "spaces or"),
        ("https://", "not an http"),
        ("https://user:pw@x", "user or password"),
        ("https://x?key=1", "a query"),
        ("https://x#f", "a fragment"),
        ("https://x:99999", "Port out of range"),
        ("https://x:abc", "upstream a: "),
        ("https://x:0", "not an http"),
        ("https://a b", "spaces or"),
        ("https://x\r\nHost: y", "spaces or"),
        ("https://é.example", "outside ASCII"),
        ("http://[::1", "upstream a: "),
    ],
)
def test_a_url_that_cannot_be_an_upstream_is_refused_in_one_sentence(url, why):
    with pytest.raises(ValueError, match=why) as raised:
        parse_upstream("a", url)
    assert "pw" not in str(raised.value).replace("password", "")
    assert "write it as" in str(raised.value)


@pytest.mark.parametrize("name", ["", "v1", "a/b", "a b", "-a", "é", "x" * 65, "a?"])
def test_a_name_that_cannot_be_in_a_path_is_refused(name):
    with pytest.raises(ValueError, match="cannot name an upstream"):
        parse_upstream(name, "https://x")
