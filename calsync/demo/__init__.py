"""A council that does not exist, with calendars as Outlook, Google and Microsoft Graph really give them.

The council's diary is described once, in words of its own (`diary`); what stands in the TOML files
beside is its content. Three writers retell it: `outlook` and `google` as exported files, `graph` as the
expanded events of calendarView. All three say the same, minute for minute, and the same bytes come
out on every machine: nothing is drawn by a clock or a generator of the platform (`chance`).
"""
