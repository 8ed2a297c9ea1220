"""Microsoft 365: managers' default calendars, read by an application through Microsoft Graph.

`M365Source` is the door; `open_account` gives mail the same credentials and the same connection.
"""
