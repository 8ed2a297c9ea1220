"""`rules suggest`: no proposal and no title in it contains a name of a person."""

import pytest

from calsync.rules.authoring.suggest import suggest_phrases
from calsync.rules.packs.load import load_person_names, load_rules

BOOK = load_rules(["wales"], None)[0]


def proposals_of(*titles, names=()):
    unclear = [(title, 1.0) for title in titles]
    return "\n".join(
        map(str, suggest_phrases(unclear, None, BOOK, names=(*load_person_names(), *names)))
    ).casefold()


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        (("J. Qwertham", "Qwertham J", "Lagoon Qwertham"), "qwertham"),
        (("D Qwertham lagoon", "qwertham lagoon"), "qwertham"),
        (("Qwertham 1:1", "lagoon qwertham"), "qwertham"),
        (("qwertham 1-1", "lagoon qwertham"), "qwertham"),
        (("Un i un Qwertham", "lagoon qwertham"), "qwertham"),
        (("Sgwrs Lleucu a Qwerthan", "Qwerthan lagoon"), "qwerthan"),
        (("Qwertham, Sioned", "Qwertham lagoon"), "qwertham"),
        (("Qwertham / Priya", "Qwertham lagoon"), "qwertham"),
        (("Qwertham's lagoon", "qwertham lagoon"), "qwertham"),
        (("O\u2019Qwerty lagoon", "O'Qwerty update"), "oqwerty"),
        (("MacQwerty lagoon", "macqwerty update"), "macqwerty"),
        (("Anne-Marie Qwerty-Asdfson", "Qwerty-Asdfson lagoon"), "qwerty"),
        (("Qwertham", "Qwertham lagoon"), "qwertham"),
        (("Mrs Qwertham", "lagoon qwertham"), "qwertham"),
        (("Rhys ap Qwertham", "Qwertham lagoon"), "qwertham"),
        (("zbigniew lagoon", "Lagoon zbigniew"), "zbigniew"),
        (("Chukwuemeka lagoon", "Lagoon Chukwuemeka"), "chukwuemeka"),
        (("Ravindran lagoon", "lagoon ravindran"), "ravindran"),
        (("Micha\u0142 lagoon", "Lagoon Micha\u0142"), "micha"),
    ],
)
def test_no_proposal_contains_a_word_in_the_position_of_a_name(titles, name):
    assert name not in proposals_of(*titles)


def test_names_of_the_roster_are_hidden_in_any_spelling():
    proposals = proposals_of("Lagoon XANTHEA", "lagoon xanthea's", names=("Xanth\u00e9a Zyzzyva",))
    assert "xanth" not in proposals
    assert '["lagoon"]' in proposals


def test_an_activity_with_a_person_is_proposed():
    proposals = proposals_of(
        "Zorbing with Si\u00e2n",
        "Zorbing / Qwertina",
        "Visit Sioned",
        "Visit Rhys",
        "lagoon two",
        "Lagoon one",
    )
    assert '["zorbing"]' in proposals
    assert '["lagoon"]' in proposals
    assert "si\u00e2n" not in proposals and "qwertina" not in proposals
