"""pages: the pieces that pages are made of. Import them from here."""

from wedding_wa.pages.components.badge import account_dot, account_name, state_badge
from wedding_wa.pages.components.basics import (
    card,
    choice,
    empty,
    page_head,
    shortcut,
    skeleton,
    when_loaded,
)
from wedding_wa.pages.components.overlays import asking, confirm, side_panel

__all__ = [
    "account_dot",
    "account_name",
    "asking",
    "card",
    "choice",
    "confirm",
    "empty",
    "page_head",
    "shortcut",
    "side_panel",
    "skeleton",
    "state_badge",
    "when_loaded",
]
