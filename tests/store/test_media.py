"""Media in decoded values is told by type, size and hash, and everything else is left as it is."""

from base64 import b64encode, encodebytes, urlsafe_b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.store.media import leave_out, list_media, shorten, tell

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
TEXT = b64encode(PNG).decode()
TOLD = {"type": "image/png", "bytes": len(PNG), "sha256": sha256(PNG).hexdigest()}
URL = f"data:image/png;base64,{TEXT}"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"url": URL}, {"url": TOLD}),
        ({"b64_json": TEXT}, {"b64_json": TOLD}),
        ({"data": urlsafe_b64encode(PNG).decode().rstrip("=")}, {"data": TOLD}),
        ({"data": encodebytes(PNG).decode().rstrip()}, {"data": TOLD}),
        ({"type": "base64", "media_type": "image/x", "data": TEXT}, {"data": TOLD | {"type": "image/x"}}),
        ({"mimeType": "image/y", "data": TEXT}, {"data": TOLD | {"type": "image/y"}}),
        ({"format": "wav", "data": TEXT}, {"data": TOLD | {"type": "audio/wav"}}),
        ({"url": f"data:;base64,{TEXT}"}, {"url": TOLD}),
    ],
)
def test_media_in_a_field_is_told(value, told):
    assert tell(value) == value | told
    assert tell([(value,)]) == [[value | told]]


@pytest.mark.parametrize(
    ("magic", "kind"),
    [
        (b"RIFF1234WAVE", "audio/wav"),
        (b"%PDF-1.7", "application/pdf"),
        (b"something", "application/octet-stream"),
    ],
)
def test_what_says_nothing_of_its_type_is_known_by_its_beginning(magic, kind):
    assert tell(b64encode(magic + bytes(1200)).decode())["type"] == kind


def test_base64_of_an_impossible_length_is_told_as_it_is():
    assert tell("A" * 1201) == {
        "type": "application/octet-stream",
        "bytes": 1201,
        "sha256": sha256(b"A" * 1201).hexdigest(),
    }


def test_media_within_a_text_is_named_in_it():
    name = f"[image/png, {len(PNG)} bytes, sha256 {TOLD['sha256']}]"
    text = f"see ![it]({URL}) and say"
    assert tell({"text": text}) == {"text": f"see ![it](data:image/png;base64,{name}) and say"}
    assert shorten(text) == f"see ![it](data:image/png;base64,{name}) and say"
    assert shorten(TEXT) == name
    assert leave_out(text) == "see ![it](data:image/png;base64,) and say"
    assert leave_out(TEXT) == ""


def test_told_media_is_listed():
    part = tell({"type": "image_url", "image_url": {"url": URL}, "more": [{"data": TEXT}, 1]})
    assert list_media(part) == [f"image/png, {len(PNG)} bytes, sha256 {TOLD['sha256']}"] * 2


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_what_holds_no_media_is_unchanged(value):
    assert tell(value) == value


@given(st.text())
def test_lone_surrogates_stay_beside_media(text):
    around = f"\ud800{text} {URL}"
    assert shorten(around).startswith(f"\ud800{text} data:image/png;base64,[image/png, ")
