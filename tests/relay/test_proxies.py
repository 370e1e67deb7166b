import base64

import pytest
from pandaprobe_proxy.relay.proxies import Proxies, Proxy, ProxyError, parse_proxy, read_environment
from pandaprobe_proxy.relay.routes import parse_upstream


def origin(url):
    return parse_upstream("a", url).origin


def chosen(environ, url):
    return read_environment(environ).choose(origin(url))


def test_without_settings_there_is_no_proxy():
    assert chosen({}, "https://api.example") is None


def test_each_scheme_has_its_own_and_both_have_the_common_one():
    environ = {"HTTPS_PROXY": "http://s:1", "HTTP_PROXY": "http://p:2"}
    assert chosen(environ, "https://api.example") == Proxy("s", 1)
    assert chosen(environ, "http://api.example") == Proxy("p", 2)
    assert chosen({"ALL_PROXY": "http://all:3"}, "https://api.example") == Proxy("all", 3)
    assert chosen({"ALL_PROXY": "http://all:3", "HTTPS_PROXY": "http://s:1"}, "http://api.example") == Proxy("all", 3)


def test_a_lower_case_name_comes_before_an_upper_case_one_and_an_empty_one_is_none():
    assert chosen({"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:2"}, "https://x") == Proxy("b", 2)
    assert chosen({"HTTPS_PROXY": " "}, "https://x") is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://localhost:1", "https://[::1]:1", "http://127.9.9.9", "http://a.localhost"]
)
def test_this_machine_is_never_reached_through_a_proxy(url):
    assert chosen({"ALL_PROXY": "http://p:1"}, url) is None


@pytest.mark.parametrize(
    ("no_proxy", "url", "bypassed"),
    [
        ("*", "https://api.example", True),
        ("api.example", "https://api.example", True),
        ("API.Example", "https://api.example", True),
        ("example", "https://api.example", True),
        (".example", "https://api.example", True),
        ("*.example", "https://api.example", True),
        ("pi.example", "https://api.example", False),
        ("other, example ,", "https://api.example", True),
        ("api.example:443", "https://api.example", True),
        ("api.example:8443", "https://api.example", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:443", "https://10.1.2.3", True),
        ("10.1.2.3:80", "https://10.1.2.3", False),
        ("fd00::/8", "https://[fd00::1]", True),
        ("[fd00::1]", "https://[fd00::1]", True),
        ("[fd00::1]:443", "https://[fd00::1]", True),
        ("", "https://api.example", False),
    ],
)
def test_no_proxy_names_what_is_reached_directly(no_proxy, url, bypassed):
    got = chosen({"HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy}, url)
    assert (got is None) is bypassed


def test_a_user_and_password_become_credentials_that_are_never_shown():
    proxy = parse_proxy("http://us%40er:p%3Aw@p:3128")
    assert proxy.authorization == b"Basic " + base64.b64encode(b"us@er:p:w")
    assert repr(proxy) == "Proxy(p:3128)"


@pytest.mark.parametrize(
    ("url", "proxy"), [("p:3128", Proxy("p", 3128)), ("http://p", Proxy("p", 80)), ("p", Proxy("p", 80))]
)
def test_scheme_and_port_may_be_left_out(url, proxy):
    assert parse_proxy(url) == proxy


@pytest.mark.parametrize(
    "url", ["socks5://u:secret@p:1", "https://u:secret@p:1", "http://u:secret@:1", "http://u:secret@p:x", "http://["]
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(url):
    with pytest.raises(ProxyError, match="HTTPS_PROXY") as raised:
        parse_proxy(url)
    assert "secret" not in str(raised.value)


def test_a_proxy_is_looked_at_only_when_it_is_needed():
    proxies = Proxies(https="socks5://p:1")
    assert proxies.choose(origin("http://api.example")) is None
    with pytest.raises(ProxyError):
        proxies.choose(origin("https://api.example"))
