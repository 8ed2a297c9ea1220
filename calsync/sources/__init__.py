"""Where calendars come from. Behind this door nothing recurs, nothing is naive, nothing is private."""
