from dataclasses import replace

from pandaprobe_proxy.evaluate.peers import MOST_PEERS, NEAREST, Peers, Relation
from pandaprobe_proxy.evaluate.traits import read_traits
from talks import says, talk, user


def traits(name, words="hello there", task=None, answer="a", model="m"):
    return read_traits(talk(user(words), says(answer), session_id=name, task_id=task, model=model))


def names(found):
    return [peer.session_id for peer in found[0]], found[1]


def test_peers_are_of_the_same_task():
    one, two, three = traits("1", task="x"), traits("2", "other words", task="x"), traits("3", task="y")
    assert names(Peers([one, two, three]).find(one)) == (["2"], Relation.TASK)
    assert names(Peers([one, two, three]).find(three)) == ([], Relation.TASK)


def test_without_a_task_they_begin_with_the_same_words():
    one, two = traits("1", "cancel order 17"), traits("2", "cancel order 99")
    assert names(Peers([one, two, traits("3", "hello")]).find(one)) == (["2"], Relation.TEMPLATE)


def test_else_they_begin_most_alike():
    about = "please cancel my keyboard order because it came broken"
    alike = [traits(str(n), f"{about} {word}") for n, word in enumerate(["today", "again", "sadly", "twice", "late"])]
    others = [traits(f"o{n}", f"some talk number {word}") for n, word in enumerate(["red", "green", "blue", "grey"])]
    found, relation = Peers([*alike, *others]).find(alike[0])
    assert (len(found), relation) == (NEAREST, Relation.LIKENESS)
    assert {peer.session_id for peer in found} <= {"1", "2", "3", "4"}


def test_a_session_like_none_has_no_peers():
    empty = replace(traits("e"), first_words=frozenset(), template="")
    assert names(Peers([empty, traits("2", "other words")]).find(empty)) == ([], Relation.NONE)
    assert names(Peers().find(traits("1"))) == ([], Relation.NONE)
    lone = [traits("1", "one apple"), traits("2", "one pear and a plum and more of it")]
    assert names(Peers(lone).find(lone[0])) == ([], Relation.NONE)


def test_there_are_only_so_many():
    many = [traits(str(n), task="x") for n in range(MOST_PEERS + 5)]
    assert len(Peers(many).find(many[0])[0]) == MOST_PEERS


def test_a_rank_is_among_the_sessions_of_the_same_model():
    some = [traits(str(n), answer="a" * n, model="m") for n in range(1, 5)] + [traits("x", answer="a" * 99, model="n")]
    peers = Peers(some)
    assert [peers.rank(one, "output_chars", 4) for one in some] == [0.125, 0.375, 0.625, 0.875, None]
