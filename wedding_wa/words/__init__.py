"""The words room: every word people read."""
