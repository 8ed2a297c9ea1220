"""CalDAV (RFC 4791) calendars: the source, and the parts of WebDAV and CalDAV that it uses."""
