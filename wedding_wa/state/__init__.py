"""The state room: Reflex states, one a page."""
