"""Reads calendars: files, published addresses, CalDAV and Microsoft 365.

What a source returns has no recurrence rules, no naive times and no content of private meetings.
"""
