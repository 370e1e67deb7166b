"""A session as one file."""

from records import make_record


async def test_a_session_is_exported_as_one_file_in_which_no_text_is_markup(web, place):
    evil = "</script><script>alert(1)</script>"
    place.put(make_record([{"role": "user", "content": evil}], session="a'b"))
    async with web.get("/sessions/a'b/export.html") as response:
        page = await response.text()
        assert (response.status, response.content_type) == (200, "text/html")
        assert "attachment" in response.headers["Content-Disposition"]
    assert evil not in page and "\\u003c/script>" in page
    assert page.count("<script") == 4 and 'src="/' not in page and "http-equiv" in page
