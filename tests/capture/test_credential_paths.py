"""Which endpoints are known to carry credentials, behind any prefix, and which only look like it."""

import pytest
from pandaprobe_proxy.capture.credential_paths import is_credential_path

SECRET = [
    "/organization/admin_api_keys",
    "/organization/projects/p1/api_keys/k1",
    "/organization/projects/p1/service_accounts",
    "/projects/p1/roles",
    "/vaults",
    "/vaults/v1/credentials",
    "/realtime/client_secrets",
    "/realtime/sessions",
    "/realtime/transcription_sessions",
    "/realtime/translations/client_secrets",
    "/chatkit/sessions",
    "/chatkit/sessions/s1/cancel",
    "/webhook_endpoints",
    "/webhook_endpoints/w1/rotate_secret",
    "/webhook_endpoints_beta",
    "/organizations/api_keys",
    "/organizations/invites/i1",
]


@pytest.mark.parametrize("prefix", ["", "/v1", "/openai/v1", "/any/thing/v1", "/V1/", "//v1"])
@pytest.mark.parametrize("path", SECRET)
def test_a_credential_endpoint_is_known_behind_any_prefix(prefix, path):
    assert is_credential_path(prefix + path)
    assert is_credential_path(prefix + path + "/?limit=1")
    assert is_credential_path(prefix + path.replace("r", "%72").upper().replace("%72", "%72"))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/v1/chat/completions",
        "/v1/realtime",
        "/v1/realtime/calls",
        "/v1/responses?organization/x",
        "/v1/organization",
        "/v1/my-projects/x",
        "/v1/projects/p/locations/eu/publishers/google/models/gemini:generateContent",
        "/v1beta1/projects/p/locations/eu/endpoints/openapi/chat/completions",
        "/gateway/projects/p1/v1/chat/completions",
        "/gateway/organizations/o1/v1/messages",
    ],
)
def test_generation_is_not_taken_for_one(path):
    assert not is_credential_path(path)


def test_a_path_of_any_length_is_judged_at_once():
    assert not is_credential_path("/projects" * 20_000 + "/chat/completions")
    assert is_credential_path("/a" * 50_000 + "/organization/x")
