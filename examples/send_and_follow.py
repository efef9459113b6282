"""Queue one message and print what becomes of it: send_and_follow.py TO TEXT."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import websockets

URL = os.environ.get("WEDDING_WA_URL", "http://localhost:8000")
HEADERS = {"Authorization": f"Bearer {os.environ.get('WEDDING_WA_TOKEN', '')}"}
NEVER = ("cancelled", "skipped")
REFUSED = (4401, 4403)  # these do not mend by themselves


async def main(to: str, text: str) -> int:
    """Return 0 once it was sent, 1 once it never will be."""
    feed = events()
    await anext(feed)  # it knows where it is: whatever happens from here on is told
    task_id = await send(to, text)
    print(f"queued {task_id}", flush=True)
    async for envelope in feed:
        data = envelope["data"]
        if data.get("message_id") != task_id:
            continue
        if envelope["event"] == "message_status":
            print(data["timestamp"], data["status"], flush=True)
            if data["status"] in NEVER:
                return 1
        elif data["status"] != "queued":
            return 0 if data["status"] == "sent" else 1
    return 1


async def send(to: str, text: str) -> str:
    """Queue it and return its task_id. After a lost answer it is safe to ask again:
    under one key there is one message."""
    body = {"to": to, "type": "text", "text": text}
    headers = HEADERS | {"Idempotency-Key": str(uuid.uuid4())}
    async with httpx.AsyncClient(base_url=URL, headers=headers) as client:
        for attempt in range(5):
            try:
                answer = await client.post("/api/v1/whatsapp/send/", json=body)
            except httpx.TransportError:
                await asyncio.sleep(2**attempt)
                continue
            told: dict[str, Any] = answer.json()
            if answer.status_code == 202:
                return str(told["task_id"])
            sys.exit(" ".join([told["detail"], told.get("link") or ""]).strip())
    sys.exit(f"{URL} does not answer.")


async def events() -> AsyncIterator[dict[str, Any]]:
    """Everything that happens, and first a heartbeat that says where this begins.
    However often the line breaks, `after` brings what was missed, and nothing twice."""
    address = URL.replace("http", "ws", 1) + "/ws/whatsapp/?after="
    after, wait = "now", 3
    while True:
        try:
            line = websockets.connect(address + after, additional_headers=HEADERS)
            async with line as feed:
                wait = 3
                async for text in feed:
                    envelope = json.loads(text)
                    after = envelope.get("id") or envelope["data"]["after"]
                    yield envelope
        except websockets.ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code in REFUSED:
                sys.exit(f"The feed is closed to this token: {closed.rcvd.reason}")
        except (OSError, websockets.WebSocketException) as error:
            print(f"not connected ({error}), again in {wait} s", file=sys.stderr)
        await asyncio.sleep(wait)
        wait = min(2 * wait, 30)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:3])))
