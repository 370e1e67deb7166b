from pandaprobe_proxy.evaluate.words import MOST_WORDS, compare, liken, split_shingles, split_words


def test_words_are_in_small_letters_and_bounded():
    assert split_words("Hello, World 2!") == ("hello", "world", "2")
    assert len(split_words("a " * 5000)) == MOST_WORDS


def test_a_short_text_is_one_run_of_words():
    assert split_shingles("a b") == {("a", "b")}
    assert split_shingles("a b c d") == {("a", "b", "c"), ("b", "c", "d")}
    assert split_shingles("…") == frozenset()


def test_likeness_is_what_both_have_of_what_either_has():
    assert compare({1, 2}, {2, 3}) == 1 / 3
    assert compare(set(), set()) == 1
    assert liken("a b c d", "a b c e") == 1 / 3
    assert liken("a b c", "A, b; c") == 1


def test_texts_without_words_are_like_nothing():
    assert liken("", "") == liken("a", "…") == 0
