"""iCalendar (RFC 5545) to occurrences; `read.read_calendar` is the interface.

docs/developers/reading.md draws which module calls which. No class of icalendar or of recurring-ical-events
leaves this package.
"""
