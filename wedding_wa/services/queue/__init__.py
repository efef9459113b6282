"""services: the queue: the one place that changes a message's status.

Every change is a conditional update on id, expected status and attempt; where the
message is in a worker's hands also on that worker's lease. Zero rows changed means
that somebody else owns it: the function returns None or False, touches nothing more,
and the caller stops. The event row is written in the same transaction.

`line` decides and claims, `hand` is the message in a worker's hands, `people`, `again`
and `doubt` what a person may do before it goes, after it failed, and when nobody knows;
`aside` what waits for a person, `leave` what is left unsent, `proof` on which consent
it rests, `evidence` what webhooks and look-ups prove, `rescue` what dead processes
leave behind.
"""

from wedding_wa.services.queue.again import force, retry_failed, retryable
from wedding_wa.services.queue.aside import note_alive
from wedding_wa.services.queue.doubt import declare_sent, note_look, send_again
from wedding_wa.services.queue.evidence import (
    apply_ack,
    apply_echo,
    settle_pending,
    settle_sent,
)
from wedding_wa.services.queue.hand import (
    Fault,
    begin_phase,
    finish_failed,
    finish_sent,
    finish_unconfirmed,
    mark_dispatched,
    release,
    retry_later,
)
from wedding_wa.services.queue.leave import skip_unwanted
from wedding_wa.services.queue.line import Step, heard_from, look_again, next_step
from wedding_wa.services.queue.people import (
    cancel,
    edit,
    hold_back,
    let_go,
    may_be_out,
    set_priority,
)
from wedding_wa.services.queue.proof import rest_on_renewed, rests_on_ended
from wedding_wa.services.queue.rescue import rescue
from wedding_wa.services.queue.rows import Claim

__all__ = [
    "Claim",
    "Fault",
    "Step",
    "apply_ack",
    "apply_echo",
    "begin_phase",
    "cancel",
    "declare_sent",
    "edit",
    "finish_failed",
    "finish_sent",
    "finish_unconfirmed",
    "force",
    "heard_from",
    "hold_back",
    "let_go",
    "look_again",
    "mark_dispatched",
    "may_be_out",
    "next_step",
    "note_alive",
    "note_look",
    "release",
    "rescue",
    "rest_on_renewed",
    "rests_on_ended",
    "retry_failed",
    "retry_later",
    "retryable",
    "send_again",
    "set_priority",
    "settle_pending",
    "settle_sent",
    "skip_unwanted",
]
