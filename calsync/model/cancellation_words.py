"""The English and Welsh phrases that mark a title as cancelled: data for `title_cancellation`.

One regular expression on each line, matched against titles as `title_cancellation` normalises them: lower
case, no accents, no apostrophes, single blanks.
"""


def _split_phrases(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


CANCELLED = _split_phrases(
    r"""
    cance?l+e{0,2}d
    canel+ed
    camcel+ed
    cancelle
    post?poned
    canc
    canx
    cnx
    cncld?
    cxl(?:d|ed)?
    called off
    stood down
    """
)
"""Participles: alone, after "has been", or after the name of a meeting."""

CANCELLED_ALONE = _split_phrases(
    r"""
    withdrawn
    abandoned
    aborted
    deleted
    scrapped
    cancel
    do not attend
    no longer (?:required|needed)
    no meeting
    (?:meeting )?cancell?ation notice
    (?:notice|notification) of cancell?ation(?: of .+)?
    meeting cancell?ation
    cancell?ation of (?:this |the )?meeting
    """
)
"""Only where they are the whole piece of a title: with more text they are about many other things."""

NOT_HELD = _split_phrases(
    r"""
    (?:(?:will|is|does) )?(?:not|no longer)(?: be)?(?: now)? (?:tak(?:e|ing) place|go(?:ing)? ahead)
    (?:(?:will|is|does) )?(?:not|no longer)(?: be)?(?: now)? (?:happen|proceed)(?:ing)?
    (?:wont|isnt|doesnt)(?: be)?(?: now)? (?:tak(?:e|ing) place|go(?:ing)? ahead|(?:happen|proceed)(?:ing)?)
    (?:will not be|wont be|not being|isnt being|no longer being) held
    d?dim yn (?:cael ei gynnal|digwydd|mynd yn ei flaen)
    """
)
"""Whole predicates. The text before them names a meeting: nothing else "takes place"."""

WELSH = _split_phrases(
    r"""
    wedi(?:i| ei| cael ei)? (?:ganslo|chanslo|canslo|ohirio|gohirio|ddileu|dileu|ddiddymu|diddymu)
    wedi(?:i| ei) d?dynnun ol
    """
)
"""Alone or after the name of a meeting. Not the plural (wedi'u canslo), which is about appointments."""

WELSH_ALONE = _split_phrases(
    r"""
    wedi(?:u| eu) (?:canslo|gohirio)
    canslwyd
    canslo
    cansledig
    gohiriwyd
    gohirio
    gohiriedig
    diddymwyd
    dileu
    dilewyd
    tynnwyd yn ol
    dim cyfarfod
    ni fydd (?:y )?cyfarfod
    (?:ni fydd|nid ywr?)(?: (?:y )?cyfarfod(?: hwn)?)? yn (?:cael ei gynnal|digwydd|mynd yn ei flaen)
    dim .+ (?:heddiw|yfory|(?:yr? )?(?:wythnos|mis) (?:hon|hwn|yma))
    """
)

WELSH_FIRST = _split_phrases(
    r"""
    ni chynhelir.*
    wedi(?:i| ei| cael ei) (?:ganslo|chanslo|ohirio|gohirio) .+
    (?:ni fydd|nid ywr?) .+ yn (?:cyfarfod|cael ei gynnal|digwydd|mynd yn ei flaen)
    """
)
"""The predicate comes first and the name of the meeting follows."""

LEADING_WORDS = _split_phrases(
    r"""
    apologies
    attention
    fyi
    important
    mae
    maer
    n\.?b\.?
    note
    notice
    now
    please note
    sadly
    sorry
    unfortunately
    update
    urgent
    """
)
"""Words that may precede the cancellation."""

SUBJECTS = _split_phrases(
    r"""
    (?:(?:this|the|todays|tomorrows|our|a) )?(?:meeting|mtg|event|session|call|appointment|workshop|class)
    (?:y |yr )?(?:cyfarfod|digwyddiad|sesiwn|galwad|gweithdy)(?: hwn)?
    this
    it
    """
)

FINITE_VERBS = _split_phrases(
    r"""
    (?:has|had)(?: now)? been
    has had to be
    is(?: now| being)?
    was
    now
    """
)

REASONS = _split_phrases(
    r"""
    (?:due|owing) to .+
    because .+
    on account of .+
    as .+
    for (?:purdah|the election|half term|easter|christmas|the summer|the holidays)
    (?:for |through |a )?lack of .+
    no (?:quorum|business|items|agenda|longer .+|need.*)
    (?:not|non|in) ?quorate
    inquorate
    not (?:required|needed)
    nothing to discuss
    (?:please )?do not (?:attend|join|travel)
    (?:at|on) short notice
    (?:until|till) .+
    (?:(?:and|&) )?(?:(?:to|will) be )?(?:re-?scheduled|re-?arranged|moved|postponed)(?: (?:to|for|until) .+)?
    indefinitely
    with (?:a )?note
    sine die
    (?:new )?(?:date )?(?:tbc|tba|to follow)
    (?:a )?new (?:date|time|invit\w+|meeting) .+
    (?:please )?see .+
    (?:with )?(?:apologies|sorry|thanks)
    again
    now
    today
    tonight
    tomorrow
    (?:for |in |until |on )?(?:now|today)
    (?:for |in |until |on )?(?:this|next|last) (?:week|month|time|morning|afternoon|evening|day).*
    (?:on |for |as of |this )(?:mon|tues|wednes|thurs|fri|satur|sun)day.*
    (?:on |for |as of )?\d.*
    at (?:the )?(?:request of .+|.+s request)
    (?:gweler|dyddiad newydd) .+
    dim cworwm
    (?:oherwydd|o achos|achos|gan|tan|hyd) .+
    am y tro
    dros dro
    eto
    heddiw
    (?:yr? )?(?:wythnos|mis|tro) (?:hon|hwn|yma)
    """
)
"""Reasons and new dates that may follow. Not "from": a meeting postponed from May takes place now."""

SERVICE_USERS = _split_phrases(
    r"""
    clients?
    clinics?
    customers?
    famil(?:y|ies)
    hospitals?
    patients?
    providers?
    residents?
    services?
    suppliers?
    tenants?
    theatres?
    trusts?
    users?
    """
)
"""Those who cancel appointments and operations: "Cancelled by patient - audit". Others cancel meetings."""

POSTPONED_TO = ("(?:to|i|tan) .+",)
"""In addition, after a word for postponing."""

MEETINGS = _split_phrases(
    r"""
    1:1
    121
    appointment
    appraisal
    assembly
    board
    briefing
    bwrdd
    cabinet
    call
    catch-?up
    catch up
    check-?in
    class
    clinic
    committee
    conference
    council
    course
    cyfarfod
    demo
    drop-?in
    event
    executive
    forum
    fforwm
    group
    grwp
    hearing
    huddle
    induction
    interview
    lesson
    lunch
    meeting
    mtg
    network
    panel
    partnership
    plenary
    pwyllgor
    roundtable
    seminar
    session
    stand-?up
    sub-?committee
    sub-?group
    summit
    supervision
    sync
    taskforce
    team
    training
    visit
    webinar
    workshop
    """
)
"""Kinds of meetings, in the singular: "Budget Committee cancelled"."""

BUSINESS = _split_phrases(
    r"""
    admissions?
    appointments
    apwyntiadau
    bookings?
    bws
    bysiau
    (?<!social )(?<!and )care
    clinics
    clinigau
    contracts?
    elections
    electives?
    etholiadau
    flights?
    hediadau?
    leave
    llawdriniaeth(?:au)?
    meetings
    operations?
    orders
    patients
    payments
    policies
    procedures?
    projects
    referrals
    requests
    (?<!public )services
    sessions
    surgery
    surgeries
    subscriptions?
    teithiau
    tickets?
    trains?
    treatments?
    tren(?:au)?
    triniaethau?
    visits
    """
)
"""Things that services cancel: a meeting about them is not cancelled."""

TOPIC_WORDS = _split_phrases(
    r"""
    ^(?:adolygu|discuss|review(?:ing)?|trafod)
    (?:adolygiad|rhestr|polisi) (?:o|ar|am)
    (?:audit|discussion|impact|lessons|list|numbers?|options|policy|rate|report|review) (?:about|for|from|if)
    (?:audit|discussion|impact|lessons|list|numbers?|options|policy|rate|report|review) (?:into|of|on|with)
    beth
    how
    if
    os
    pam
    that
    unless
    what
    when
    whether
    which
    who
    whose
    why
    """
)
"""If a sentence that ends in "cancelled" contains one of these, its subject is not a meeting."""

NEGATIONS = _split_phrases(
    r"""
    about
    all
    almost
    any
    am
    could
    ddim
    for
    from
    heb
    may
    maybe
    might
    nearly
    never
    nid
    no
    not
    of
    on
    possibly
    the
    to
    """
)
"""Directly before "cancelled": it is negated, or an adjective."""

MEETING_BODIES = _split_phrases(
    r"""
    assembly
    board
    bwrdd
    cabinet
    committee
    council
    executive
    forum
    fforwm
    group
    grwp
    huddle
    meeting
    mtg
    panel
    partnership
    pwyllgor
    """
)
"""Bodies that meetings are named after: no committee is about cancelled planning, so "Cancelled Planning
Committee" is a cancelled meeting."""

CONDITIONS = _split_phrases(
    r"""
    if
    may ?be
    might
    not
    os (?:bydd|caiff|na|nad|oes|yn|ywr?)
    pam
    possibly
    unless
    when
    whether
    why
    """
)
"""First words of a condition or a question: "If wet: cancelled"."""

PARTS_OF_MEETINGS = _split_phrases(
    r"""
    (?:.+ )?lunch
    (?:site )?visit
    (?:.+ )?demo
    tour
    """
)
"""Parts of the meeting that the title names before them: in "PSB (lunch cancelled)" the PSB takes place."""

STILL_HELD = _split_phrases(
    r"""
    (?:not|never|no longer|isnt|wasnt|un)[ -](?:been )?(?:cance?l+e?d|postponed)
    uncance?l+e?d
    re-?instated
    (?:now )?back on
    now on(?=\W*$)
    (?:now|is|still|will be) going ahead
    now (?:on )?(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day )?\d+
    re-?(?:arranged|scheduled)\W+(?:was )?cance?l+ed \d+
    (?:cance?l+ed|cance?l+ation) in error
    ignore .*cance?l+\w+
    (?:heb|ddim) (?:ei |wedii |wedi ei )(?:ganslo|chanslo|ohirio|gohirio)
    (?:nid|nad|dyw|dydy|ddydy)(?: ?ywr?|r)?\b.*\bwedi(?:i| ei)? (?:ganslo|chanslo|ohirio|gohirio)
    wedi(?:i| ei) adfer
    """
)
"""If one of these is in the title, the meeting takes place, whatever else the title contains."""
