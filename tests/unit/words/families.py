"""Keys whose last part is known only while running: family -> every possible name.

A family listed here has a sentence for each name and no other sentence. Add yours
when a page says `tr_of("family", …)` or `say(lang, f"family.{name}")` for an enum.
"""

from datetime import timedelta

from wedding_wa.api.wrong import NAMES as WRONG
from wedding_wa.domain.account import AccountStatus, Ear
from wedding_wa.domain.guests import Stage
from wedding_wa.domain.invitation import GUEST_LANGUAGES
from wedding_wa.domain.messages import HoldRule, Outcome, Phase, SkipReason
from wedding_wa.domain.pacing import ACCOUNT_RULES
from wedding_wa.domain.retention import FailedAction
from wedding_wa.models import Evidence, Role
from wedding_wa.pages.components.badge import STATES
from wedding_wa.pages.overview import CARE
from wedding_wa.pages.webhook_panel import STATES as EVENT_STATES
from wedding_wa.services.guest_import_columns import Field
from wedding_wa.services.guest_import_lines import BAD, TOLD
from wedding_wa.services.guest_import_values import Verdict
from wedding_wa.services.history_look import Trouble
from wedding_wa.services.maintenance import chores_of
from wedding_wa.services.maintenance_views import ChoreState
from wedding_wa.services.never_twice import LINES
from wedding_wa.services.notices import KINDS
from wedding_wa.services.pausing import BY_FAILURES, BY_NUMBER, BY_PERSON, BY_SILENCE
from wedding_wa.services.restore_check import WHYS as RESTORE_WAITS
from wedding_wa.services.watchdog import WHYS
from wedding_wa.services.webhook_refusals import Reason
from wedding_wa.settings import ACCOUNT_KEYS
from wedding_wa.state.accounts import COMMANDS
from wedding_wa.state.consent_evidence import REVOKED
from wedding_wa.state.inbox_views import MEDIA
from wedding_wa.state.maintenance import DID
from wedding_wa.state.never_twice import ENDINGS
from wedding_wa.state.opted_out import ENDS
from wedding_wa.state.ribbons import DOWN
from wedding_wa.state.ribbons import PAUSES as NOTICE_PAUSES
from wedding_wa.state.unconfirmed_views import MARKS
from wedding_wa.state.webhook_rows import WORDS
from wedding_wa.words import languages

# A pause is told by who made it.
PAUSES = {f"paused_{by}" for by in (BY_PERSON, BY_FAILURES, BY_SILENCE, BY_NUMBER)}

# WAHA's words for a session that asks for more than a scan, and any newer one.
STATUSES = (
    *AccountStatus,
    "PASSKEY_REQUIRED",
    "PASSKEY_CONFIRMATION_REQUIRED",
    "other",
)

# How an event comes; the own number needs none.
WAYS = ("webhook", "feed", "history")

# What runs by itself.
CHORES = [chore.name for chore in chores_of(timedelta(0))]

FAMILIES = {
    "activation.before.trouble": Trouble,
    "activation.since": Stage,
    "activation.stage": Stage,
    "api.wrong": WRONG,
    "account.change": STATUSES,
    "account.hint": STATUSES,
    "account.status": STATUSES,
    "accounts.do": COMMANDS,
    "accounts.doing": (*COMMANDS, "pair"),
    "accounts.hears": (*Ear, "unknown"),
    "accounts.paused": (BY_PERSON, BY_FAILURES, BY_SILENCE, BY_NUMBER, "other"),
    "backup.why": RESTORE_WAITS,
    "common.account": ACCOUNT_KEYS,
    "evidence.how": Evidence,
    "evidence.revoked": REVOKED,
    "guest_import.bad": BAD,
    "guest_import.field": Field,
    "guest_import.language": GUEST_LANGUAGES,
    "guest_import.stage": Stage,
    "guest_import.told": TOLD,
    "guest_import.verdict": Verdict,
    "hold.account": ACCOUNT_KEYS,
    "hold.account_rule": PAUSES | ACCOUNT_RULES,
    "hold.rule": PAUSES | set(HoldRule),
    "inbox.media": (*MEDIA, "see"),
    "layout.live": ("live", "reconnecting", "stale"),
    "layout.live.about": ("live", "reconnecting", "stale"),
    "layout.live.heard": ("live", "reconnecting", "stale"),
    "limits.now.why": ACCOUNT_RULES,
    "never_twice.by": ENDINGS,
    "never_twice.line": LINES,
    "overview.care": (*CARE, "title"),
    "overview.care.go": CARE,
    "notice.account_down": (*DOWN, "other"),
    "notice.ended": KINDS,
    "notice.go": KINDS,
    "notice.paused": NOTICE_PAUSES,
    "notice.silent": WHYS,
    "maintenance.action": FailedAction,
    "maintenance.did": DID,
    "maintenance.does": CHORES,
    "maintenance.every": ("seconds", "minutes", "hours", "night"),
    "maintenance.nothing": CHORES,
    "maintenance.state": ChoreState,
    "maintenance.title": CHORES,
    "opt_out.ended": ENDS,
    "people.role": Role,
    "phase": Phase,
    "queue.outcome": (*Outcome, "running"),
    "queue.skip": SkipReason,
    "settings.language": (*languages(), "title", "about"),
    "state": STATES,
    "unconfirmed.mark": MARKS,
    "webhooks.event": WORDS,
    "webhooks.proof": WAYS,
    "webhooks.reason": Reason,
    "webhooks.reason_about": Reason,
    "webhooks.state": EVENT_STATES,
    "webhooks.way": WAYS,
}
