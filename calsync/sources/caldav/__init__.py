"""CalDAV (RFC 4791) calendars: discovery, reports, resources, and the source that reads them."""
