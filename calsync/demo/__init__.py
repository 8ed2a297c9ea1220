"""A fictional council, with calendars in the formats of Outlook, Google and Microsoft Graph.

The council's meetings are described once, independent of format (`diary`), from the TOML files in this
package. Three modules write them: `outlook` and `google` as exported files, `graph` as the expanded events of
calendarView. All three contain the same meetings, and the same bytes are written on every machine: no choice
depends on a clock or a random generator of the platform (`draws`).
"""
