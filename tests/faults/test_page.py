"""The page of promises keeps what was not run anew."""

from faults.page import Row, describe_machine, write_page


def make_row(number, held="held", measured="s 1"):
    return Row(number, "something breaks", "nobody feels it", held, measured, 3)


def rows_of(path):
    return [line for line in path.read_text().splitlines() if line.startswith("| ") and not line.startswith("| #")]


def test_it_has_each_promise_with_its_figure_and_what_was_measured(tmp_path):
    page = tmp_path / "promises.md"
    write_page(page, [make_row(2), make_row(1)], "a machine")
    assert rows_of(page) == [
        f"| {number} | something breaks | nobody feels it | held | s 1 | 3 s | a machine |" for number in (1, 2)
    ]


def test_some_rows_are_written_anew_and_the_others_stay(tmp_path):
    page = tmp_path / "promises.md"
    write_page(page, [make_row(1), make_row(12)], "then")
    write_page(page, [make_row(1, "missed", "a | b")], "now")
    first, second = rows_of(page)
    assert first.endswith("| missed | a \\| b | 3 s | now |")
    assert second.endswith("| then |")


def test_the_machine_is_told_with_its_load():
    assert "cores" in describe_machine()
    assert "load" in describe_machine()
