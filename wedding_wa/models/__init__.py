"""The models room: SQLModel tables, one file a noun."""
