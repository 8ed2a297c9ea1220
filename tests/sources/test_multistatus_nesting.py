"""Of a multistatus with nested responses only the outer ones are read."""

from calsync.sources.caldav.multistatus import parse_resources
from calsync.sources.caldav.xml import parse_multistatus


def test_responses_inside_a_response_are_ignored() -> None:
    part = b"<response><href>/c/%d.ics</href><propstat><prop><getetag>1</getetag></prop>"
    nest = b"".join(part % number for number in range(3_000)) + b"</propstat></response>" * 3_000
    answer = parse_multistatus(b'<multistatus xmlns="DAV:">' + nest + b"</multistatus>")
    (found,) = parse_resources(answer, "https://dav.example/c/")
    assert found.path == "/c/0.ics"
