"""Mails are built once and sent once."""

import subprocess
import sys
from datetime import UTC, timedelta
from itertools import chain

import pytest
from support.builders import at

from calsync.errors import StoreError
from calsync.store.database import Store
from calsync.store.records import MailState, OutboxMail

NOW = at("05:00")
LEASE = timedelta(minutes=10)
MIME = b"Subject: hours\r\n\r\n\x00\xff"


def queue(store: Store, mail_id: str = "w45/m1", mime: bytes = MIME, minutes: int = 0) -> bool:
    when = NOW + timedelta(minutes=minutes)
    return store.outbox.queue(mail_id, "m1@x.example", "Your hours", f"<{mail_id}@x.example>", mime, when)


def states(store: Store) -> dict[str, MailState]:
    return {mail.mail_id: mail.state for mail in store.outbox.mails()}


def test_a_mail_is_built_once(store: Store) -> None:
    assert queue(store)
    assert not queue(store, mime=b"another")
    assert [mail.mime for mail in store.outbox.mails()] == [MIME]


def test_a_claimed_mail_is_what_was_queued(store: Store) -> None:
    queue(store)
    assert store.outbox.claim(NOW, LEASE) == OutboxMail(
        "w45/m1", "m1@x.example", "Your hours", "<w45/m1@x.example>", MIME, MailState.SENDING, attempts=1
    )


def test_a_claimed_mail_cannot_be_claimed_again(store: Store) -> None:
    queue(store)
    store.outbox.claim(NOW, LEASE)
    assert store.outbox.claim(NOW, LEASE) is None


def test_a_sent_mail_is_not_sent_again_nor_built_again(store: Store) -> None:
    queue(store)
    store.outbox.claim(NOW, LEASE)
    store.outbox.mark_sent("w45/m1", NOW)
    assert store.outbox.claim(NOW + timedelta(days=30), LEASE) is None
    assert not queue(store)
    assert store.outbox.count_open() == {}


def test_the_mail_due_longest_goes_first(store: Store) -> None:
    for mail_id, minutes in (("c", 2), ("b", 1), ("a", 3), ("d", 99)):
        queue(store, mail_id, minutes=minutes)
    taken = [store.outbox.claim(NOW + timedelta(minutes=5), LEASE) for _ in range(4)]
    assert [mail and mail.mail_id for mail in taken] == ["b", "c", "a", None]


def test_a_mail_to_be_retried_waits_until_then(store: Store) -> None:
    queue(store)
    store.outbox.claim(NOW, LEASE)
    store.outbox.mark_for_retry("w45/m1", NOW, NOW + timedelta(hours=1), "451 try later")
    assert store.outbox.claim(NOW + timedelta(minutes=59), LEASE) is None
    again = store.outbox.claim(NOW + timedelta(hours=1), LEASE)
    assert again and (again.attempts, again.what) == (2, "451 try later")


def test_has_mail_is_true_once_a_mail_was_queued(store: Store) -> None:
    assert not store.outbox.has_mail("w45/m1")
    queue(store)
    assert store.outbox.has_mail("w45/m1")


def test_an_unknown_mail_is_not_sent_again(store: Store) -> None:
    queue(store)
    store.outbox.claim(NOW, LEASE)
    store.outbox.mark_unknown("w45/m1", "the line went dead")
    assert store.outbox.claim(NOW + timedelta(days=9), LEASE) is None
    assert [mail.what for mail in store.outbox.mails(MailState.UNKNOWN)] == ["the line went dead"]


def test_a_failed_mail_is_listed_and_never_sent(store: Store) -> None:
    queue(store)
    store.outbox.claim(NOW, LEASE)
    store.outbox.mark_failed("w45/m1", "550 no such user")
    assert store.outbox.claim(NOW + timedelta(days=9), LEASE) is None
    assert [(m.mail_id, m.what) for m in store.outbox.mails(MailState.FAILED)] == [
        ("w45/m1", "550 no such user")
    ]


def test_a_mail_whose_lease_expired_is_unknown_and_never_sent(store: Store) -> None:
    queue(store)
    store.outbox.claim(NOW, LEASE)
    assert store.outbox.claim(NOW + LEASE, LEASE) is None
    assert states(store) == {"w45/m1": MailState.SENDING}
    assert store.outbox.claim(NOW + LEASE + timedelta(seconds=1), LEASE) is None
    assert states(store) == {"w45/m1": MailState.UNKNOWN}
    assert store.outbox.claim(NOW + timedelta(days=9), LEASE) is None


def test_a_slow_sender_may_store_the_outcome_after_its_lease(store: Store) -> None:
    queue(store)
    store.outbox.claim(NOW, LEASE)
    store.outbox.claim(NOW + 2 * LEASE, LEASE)
    store.outbox.mark_sent("w45/m1", NOW + 2 * LEASE)
    assert states(store) == {"w45/m1": MailState.SENT}


@pytest.mark.parametrize("mail_id", ["w45/m1", "nobody"])
def test_the_outcome_of_a_mail_that_is_not_being_sent_is_an_error(store: Store, mail_id: str) -> None:
    queue(store)
    with pytest.raises(StoreError, match="is not being sent"):
        store.outbox.mark_sent(mail_id, NOW)
    assert states(store) == {"w45/m1": MailState.PENDING}


def test_open_mails_are_counted_by_state(store: Store) -> None:
    assert (store.outbox.count_open(), store.outbox.oldest_queued_at()) == ({}, None)
    for minutes, mail_id in enumerate("abcd"):
        queue(store, mail_id, minutes=minutes)
    for _ in "ab":
        store.outbox.claim(NOW + timedelta(minutes=9), LEASE)
    store.outbox.mark_sent("a", NOW)
    store.outbox.mark_failed("b", "550 no such user")
    assert store.outbox.count_open() == {"pending": 2, "failed": 1}
    assert store.outbox.oldest_queued_at() == (NOW + timedelta(minutes=2)).astimezone(UTC)


SENDER = """
import sys
from datetime import datetime, timedelta
from calsync.store.database import open_store
now = datetime.fromisoformat(sys.argv[2])
with open_store(sys.argv[1]) as store:
    while mail := store.outbox.claim(now, timedelta(hours=1)):
        print(mail.mail_id, flush=True)
        store.outbox.mark_sent(mail.mail_id, now)
"""


@pytest.mark.slow
def test_several_processes_send_every_mail_once(store: Store, url: str) -> None:
    names = [f"mail{n:02}" for n in range(60)]
    for name in names:
        queue(store, name)
    command = [sys.executable, "-c", SENDER, url, NOW.isoformat()]
    senders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    taken = [sender.communicate(timeout=60)[0].split() for sender in senders]
    assert [sender.returncode for sender in senders] == [0, 0, 0]
    assert sorted(chain.from_iterable(taken)) == names
