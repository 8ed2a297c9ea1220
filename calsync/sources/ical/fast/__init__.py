"""The fast reader of iCalendar text; `README.md` gives its measured gain and what it must equal."""
