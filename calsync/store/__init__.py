"""What calsync keeps: meetings, verdicts, minutes, nights, mails waiting (SQLAlchemy Core, no ORM)."""
