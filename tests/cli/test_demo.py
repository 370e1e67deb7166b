"""`demo`: a small agent recorded, with neither key nor network."""


def test_it_records_an_agent_and_shows_its_session(terminal, tmp_path):
    shown = terminal.out("demo", "--data-dir", str(tmp_path / "demo"))
    for text in ("The capital of France is Paris.", '→ get_weather({"city": "Paris"})', "take an umbrella"):
        assert text in shown
    assert "relayed 3 = recorded 3 + dropped 0 + in flight 0: it adds up" in shown
    assert f"sessions show demo-agent --data-dir {tmp_path}/demo" in shown
    assert "demo-agent  open   3 " in terminal.out("sessions", "ls", "--data-dir", str(tmp_path / "demo"))
    stored = b"".join(path.read_bytes() for path in (tmp_path / "demo").rglob("*") if path.is_file())
    assert b"sk-demo-this-key" not in stored
