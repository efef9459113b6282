"""db: the engine and the two ways to the database, `read` and `write`."""

from wedding_wa.db.database import Database, opened
from wedding_wa.db.writer import CHANGES

__all__ = ["CHANGES", "Database", "opened"]
