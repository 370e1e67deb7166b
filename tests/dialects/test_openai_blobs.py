import base64
import hashlib

import pytest
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.openai_blobs import (
    decode_base64,
    describe_base64,
    describe_url,
    says_true,
    without_blobs,
)

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("text", ["YQ==", "YQ", "YQ="])
def test_base64_need_not_be_padded(text):
    assert decode_base64(text) == b"a"


@pytest.mark.parametrize("text", ["Y", "YWJjZ", "é"])
def test_what_is_no_base64_is_none(text):
    assert decode_base64(text) is None
    assert describe_base64(text) == {"base64": text}


def test_base64_is_told_by_type_size_and_hash():
    told = {"content_type": "image/png", "bytes": 8, "sha256": hashlib.sha256(PNG).hexdigest()}
    text = base64.b64encode(PNG).decode()
    assert describe_base64(text) == told
    assert describe_base64(text, "image/apng") == told | {"content_type": "image/apng"}
    assert describe_url(f"data:image/png;base64,{text}") == told


@pytest.mark.parametrize("url", ["https://x.test/a.png", "https://x.test/?q=;base64,YQ", "data:text/plain,hi"])
def test_a_url_that_carries_no_bytes_is_kept(url):
    assert describe_url(url) == {"url": url}


def test_files_of_a_form_are_described_wherever_they_are():
    blob = Blob("text/csv", b"a", "a.csv")
    assert without_blobs({"purpose": "x", "file": blob, "more": [blob, "y"]}) == {
        "purpose": "x",
        "file": blob.describe(),
        "more": [blob.describe(), "y"],
    }


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("true", True), ("True", True), ("no", False), (1, False)]
)
def test_a_switch_may_be_a_text(value, expected):
    assert says_true(value) is expected
