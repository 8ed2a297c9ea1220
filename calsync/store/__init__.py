"""The store: meetings, classifications, corrections, minutes, nights and mails (SQLAlchemy Core, no ORM).

`database.open_store` opens it. Each module provides the access to one or two tables of `schema`.
"""
