"""services: the queue: the one place that changes a message's status.

Every change is a conditional update on id, expected status and attempt; where the
message is in a worker's hands also on that worker's lease. Zero rows changed means
that somebody else owns it: the function returns None or False, touches nothing more,
and the caller stops. The event row is written in the same transaction.

`line` decides and claims, `hand` is the message in a worker's hands, `people` what a
person may do, `proof` on which consent it rests, `evidence` what webhooks, look-ups
and dead processes prove.
"""

from wedding_wa.services.queue.evidence import (
    apply_ack,
    apply_echo,
    rescue,
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
from wedding_wa.services.queue.line import Step, heard_from, look_again, next_step
from wedding_wa.services.queue.people import cancel, force, retry_failed, skip_unwanted
from wedding_wa.services.queue.proof import rest_on_renewed, rests_on_ended
from wedding_wa.services.queue.rows import Claim

__all__ = [
    "Claim",
    "Fault",
    "Step",
    "apply_ack",
    "apply_echo",
    "begin_phase",
    "cancel",
    "finish_failed",
    "finish_sent",
    "finish_unconfirmed",
    "force",
    "heard_from",
    "look_again",
    "mark_dispatched",
    "next_step",
    "release",
    "rescue",
    "rest_on_renewed",
    "rests_on_ended",
    "retry_failed",
    "retry_later",
    "settle_pending",
    "settle_sent",
    "skip_unwanted",
]
