"""Bodies nested deeper than a stack is high: refused in words at every kind of body."""

from __future__ import annotations

import pytest

from tests.integration.api_v1.conftest import Place

# Where a value of any form can stand: in a field, in a list, in JSON that is kept.
BODIES = (
    ("/v1/token", '{"email":%s}'),
    ("/v1/whatsapp/send", '{"to":%s,"text":"x"}'),
    ("/v1/whatsapp/send/bulk", '{"messages":[%s]}'),
    ("/v1/whatsapp/send/bulk", '{"messages":[{"to":%s}]}'),
    ("/v1/keys", "%s"),
    ("/v1/queue/orders", '{"order":"hold","task_ids":%s}'),
    (
        "/admin/whatsapp-events",
        '{"queue_message":1,"phase":"x","metadata":{"a":%s}}',
    ),
    ("/whatsapp-service/groom/send", '{"phone":"1","message":"x","queue_id":%s}'),
)


@pytest.mark.parametrize("levels", [150, 600, 900, 20_000])
async def test_depth_is_refused_like_any_other_nonsense(
    place: Place, levels: int
) -> None:
    """Of lists as of objects; a bulk request refuses the one message."""
    lists = "[" * levels + "]" * levels
    objects = '{"a":' * levels + "1" + "}" * levels
    told = {}
    async with place.program("admin") as client:
        for path, body in BODIES:
            for deep in (lists, objects):
                answer = await client.post(
                    f"http://localhost:8000/api{path}",
                    content=body % deep,
                    headers={"Content-Type": "application/json"},
                )
                told[path, body, deep[:1]] = answer.status_code
                if answer.status_code == 202:
                    assert answer.json()["refused"] == 1
    assert set(told.values()) <= {202, 400, 401, 404, 413, 422}, told
