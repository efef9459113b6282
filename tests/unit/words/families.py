"""Keys whose last part is known only while running: family -> every possible name.

A family listed here has a sentence for each name and no other sentence. Add yours
when a page says `tr_of("family", …)` or `say(lang, f"family.{name}")` for an enum.
"""

from wedding_wa.pages.components.badge import STATES
from wedding_wa.settings import ACCOUNT_KEYS
from wedding_wa.words import languages

FAMILIES = {
    "common.account": ACCOUNT_KEYS,
    "layout.live": ("live", "reconnecting", "stale"),
    "layout.live.about": ("live", "reconnecting", "stale"),
    "layout.live.heard": ("live", "reconnecting", "stale"),
    "settings.language": (*languages(), "title", "about"),
    "state": STATES,
}
