"""`rules suggest`: no proposal and no title in it holds a name of a person."""

import pytest

from calsync.rules.authoring.suggest import suggest_phrases
from calsync.rules.packs.load import load_person_names, load_rules

BOOK = load_rules(["wales"], None)[0]


def shown_of(*titles, names=()):
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
def test_no_proposal_holds_a_name_that_stands_where_names_stand(titles, name):
    assert name not in shown_of(*titles)


def test_names_of_the_roster_are_hidden_in_any_spelling():
    shown = shown_of("Lagoon XANTHEA", "lagoon xanthea's", names=("Xanth\u00e9a Zyzzyva",))
    assert "xanth" not in shown
    assert '["lagoon"]' in shown


def test_what_is_done_with_a_person_is_proposed():
    shown = shown_of(
        "Zorbing with Si\u00e2n",
        "Zorbing / Qwertina",
        "Visit Sioned",
        "Visit Rhys",
        "lagoon two",
        "Lagoon one",
    )
    assert '["zorbing"]' in shown
    assert '["lagoon"]' in shown
    assert "si\u00e2n" not in shown and "qwertina" not in shown
