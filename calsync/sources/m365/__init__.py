"""Microsoft 365: managers' default calendars, read by an application through Microsoft Graph.

`M365Source` is the source; mail uses `open_account` to send with the same credentials and connection.
"""
