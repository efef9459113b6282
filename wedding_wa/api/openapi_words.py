"""api: what the OpenAPI document says besides the routes, for programmers: English."""

from __future__ import annotations

ABOUT = """\
Other programs enqueue messages to wedding guests and follow them here. Everything goes
by the same services and rules as the pages: guests write first, every message waits in
the queue and leaves as a person would send it, never twice.

Send `Authorization: Bearer <key or access token>`. Errors are RFC 9457 problem
documents with a stable `type` and `code`. Lists come page by page: ask again with
`after` and the `next` of the page before. The version is in the path: within /api/v1
fields are added, never taken away.

Ask again after a lost answer with the same `Idempotency-Key`, and nothing is queued
twice. `RateLimit-Remaining` tells how many requests are left for now; with 429,
`Retry-After` tells when to come back.

What becomes of messages is told as it happens at the WebSocket `/ws/whatsapp`, opened
with the same header. After a break, `/ws/whatsapp?after=` and the `id` of the last
envelope brings what was missed. Its events: `message_sent`, `message_status`,
`session_status`, `guest_activated`, `message_received`.
"""

#: The nouns, in the order in which they are shown.
TAGS = {
    "whatsapp": "Messages: queue one or ten thousand, follow them, order them about.",
    "queue": "Orders for many messages of the queue at once.",
    "attempts": "Every try to send, and how it ended.",
    "recipients": "Who can be sent messages now.",
    "sending": "All sending at once: pause it, let it go on.",
    "whatsapp-service": "The same by account, with the names that other services use.",
    "whatsapp-queue": "The queue with its timelines, for the couple's other programs.",
    "whatsapp-events": "Timelines of messages; programs add lines of their own.",
    "guests": "Who is invited; guest lists come in and go out here too.",
    "households": "People who are invited together, with one link and one code.",
    "invitation": "What the invitation says, and its picture.",
    "activation": "How far each household has come: link sent, opened, written.",
    "inbox": "What guests wrote, by person, and answers to it.",
    "questions": "Sentences with a stop word in them: a person says what was meant.",
    "consents": "Who may be written to, and the message that proves it.",
    "history": "Consents from before the app: what guests wrote earlier.",
    "opt-outs": "Who wants no more messages.",
    "unconfirmed": "Messages of which nobody knows whether they arrived.",
    "never-twice": "The proof that nothing was lost and nothing went twice.",
    "accounts": "The two numbers: status, QR code, start, stop, restart, log out.",
    "policy": "Limits and human timing.",
    "stats": "The figures of all pages.",
    "notices": "What needs a person.",
    "maintenance": "What the app does by itself, and when it did.",
    "retention": "How long things are kept.",
    "webhooks": "Raw events from WAHA as they came.",
    "webhook-refusals": "Deliveries that were turned away, and why.",
    "wedding": "The couple, the day, its places.",
    "people": "Who can log in.",
    "keys": "API keys: list, make, revoke.",
    "token": "Short-lived access tokens: get, refresh, revoke.",
    "health": "For monitors.",
}
