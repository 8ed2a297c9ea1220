"""Mail domains and the agencies behind them."""

import pytest

from calsync.rules.packs.load import load_rules

DIRECTORY = load_rules(["wales"])[0].directory


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("carmarthenshire.gov.wales", "sirgar.llyw.cymru"),
        ("anglesey.gov.wales", "ynysmon.llyw.cymru"),
        ("northmoor.gov.wales", "northmoor.llyw.cymru"),
        ("northmoor.gov.uk", "northmoor.gcsx.gov.uk"),
        ("moor.police.uk", "moor.pnn.police.uk"),
        ("northmoorcbc.gov.uk", "northmoor.gov.uk"),
        ("mail.northmoor.gov.uk", "northmoor.gov.uk"),
        ("gov.wales", "llyw.cymru"),
        ("naturalresources.wales", "cyfoethnaturiolcymru.gov.uk"),
        ("northmoor.gov.uk.example", "NORTHMOOR.gov.uk"),
    ],
)
def test_two_domains_of_one_agency_are_one_agency(left, right):
    assert DIRECTORY.find_organisation(left).agency == DIRECTORY.find_organisation(right).agency


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("oxmoor.gov.uk", "oxmoorshire.gov.uk"),
        ("moor-pcc.gov.uk", "moor.police.uk"),
        ("gov.wales", "northmoor.gov.wales"),
        ("moorfire.gov.wales", "moor.gov.wales"),
    ],
)
def test_domains_of_two_agencies_are_two_agencies(left, right):
    assert DIRECTORY.find_organisation(left).agency != DIRECTORY.find_organisation(right).agency


@pytest.mark.parametrize(
    ("domain", "sector", "role"),
    [
        ("northmoor.gov.uk", "council", "partner"),
        ("moorfire.gov.uk", "fire", "partner"),
        ("moor.pcc.police.uk", "pcc", "partner"),
        ("moor.icb.nhs.uk", "nhs", "partner"),
        ("wales.nhs.uk", "nhs", "partner"),
        ("justice.gov.uk", "justice", "partner"),
        ("dwp.gov.uk", "government", "partner"),
        ("health-ni.gov.uk", "government", "partner"),
        ("college.ac.uk", "education", "partner"),
        ("st-anne.northmoor.sch.uk", "school", "own"),
        ("ofsted.gov.uk", "regulator", "regulator"),
        ("careinspectorate.wales", "regulator", "regulator"),
        ("senedd.wales", "politician", "politician"),
        ("bbc.co.uk", "media", "media"),
        ("gmail.com", "private-mail", "private"),
        ("northmoor.onmicrosoft.com", "thing", "thing"),
        ("resource.calendar.google.com", "thing", "thing"),
        ("taimoor.co.uk", "housing", "partner"),
        ("moorcare.co.uk", "care-provider", "partner"),
        ("wlga.gov.wales", "network", "partner"),
        ("moorvoluntary.org.uk", "voluntary-council", "partner"),
        ("brightsystems.co.uk", "supplier", "supplier"),
        ("oddsandends.co.uk", "unlisted", "unlisted"),
    ],
)
def test_sectors_by_domain(domain, sector, role):
    organisation = DIRECTORY.find_organisation(domain)
    assert (organisation.sector, organisation.role) == (sector, role)


def test_an_organisation_of_a_shared_domain_has_the_domain():
    assert DIRECTORY.find_organisation("nhs.net").shared_domain == "nhs.net"
    assert not DIRECTORY.find_organisation("moor.icb.nhs.uk").shared_domain
