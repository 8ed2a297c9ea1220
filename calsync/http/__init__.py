"""The HTTP client of every source that reads a server: ics, caldav, and m365 below O365's connection.

`options` are the settings, `client` sends the requests of one calendar, `limits` bounds them in time, size
and attempts, `connections` opens sessions, `address_guard` decides which servers may be asked,
`credentials` which of them receives a password, `deadline` ends what takes too long, and `errors`
translates everything that goes wrong.
"""
