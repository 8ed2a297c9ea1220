"""The HTTP client of every source that reads a server: ics, caldav, and m365 below O365's connection.

`options` has the settings. `client` sends the requests of one calendar; `limits` bounds their time, size
and attempts, and `deadline` ends connections that take too long. `connections` opens sessions.
`address_guard` decides which servers may be contacted, and `credentials` which of them receives a password.
`errors` translates the errors of requests and urllib3.
"""
