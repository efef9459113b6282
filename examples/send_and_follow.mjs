// Queue one message and print what becomes of it: send_and_follow.mjs TO TEXT.

const URL_ = process.env.WEDDING_WA_URL ?? "http://localhost:8000";
const TOKEN = process.env.WEDDING_WA_TOKEN ?? "";
const NEVER = ["cancelled", "skipped"];
const REFUSED = [4401, 4403]; // these do not mend by themselves

/** Queue it and return its task_id. After a lost answer it is safe to ask again: under
 *  one key there is one message. */
async function send(to, text) {
  const headers = {
    Authorization: `Bearer ${TOKEN}`,
    "Content-Type": "application/json",
    "Idempotency-Key": crypto.randomUUID(),
  };
  const body = JSON.stringify({ to, type: "text", text });
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      const answer = await fetch(`${URL_}/api/v1/whatsapp/send/`, {
        method: "POST",
        headers,
        body,
      });
      const told = await answer.json();
      if (answer.status === 202) return told.task_id;
      fail([told.detail, told.link ?? ""].join(" ").trim());
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // a TypeError: no answer came
      await new Promise((done) => setTimeout(done, 1000 * 2 ** attempt));
    }
  }
  fail(`${URL_} does not answer.`);
}

/** Call `told` with everything that happens, from the moment the promise is kept on: a
 *  heartbeat says where that is. However often the line breaks, `after` brings what was
 *  missed, and nothing twice. */
function follow(told) {
  let after = "now";
  let wait = 3;
  return new Promise((opened) => {
    const connect = () => {
      const address = new URL(`${URL_.replace(/^http/, "ws")}/ws/whatsapp/`);
      address.searchParams.set("token", TOKEN); // a browser cannot send headers here
      address.searchParams.set("after", after);
      const feed = new WebSocket(address);
      feed.onopen = () => (wait = 3);
      feed.onmessage = ({ data }) => {
        const envelope = JSON.parse(data);
        after = envelope.id ?? envelope.data.after;
        opened();
        told(envelope);
      };
      feed.onclose = ({ code, reason }) => {
        if (REFUSED.includes(code)) fail(`The feed is closed to this token: ${reason}`);
        setTimeout(connect, 1000 * wait);
        wait = Math.min(2 * wait, 30);
      };
    };
    connect();
  });
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const [to, text] = process.argv.slice(2);
let taskId;
const early = []; // what is told before the answer to our own request is here
const look = ({ event, data }) => {
  if (data.message_id !== taskId) return;
  if (event === "message_status") {
    console.log(data.timestamp, data.status);
    if (NEVER.includes(data.status)) process.exit(1);
  } else if (data.status !== "queued") {
    process.exit(data.status === "sent" ? 0 : 1);
  }
};
await follow((envelope) => (taskId ? look(envelope) : early.push(envelope)));
taskId = await send(to, text);
console.log(`queued ${taskId}`);
early.forEach(look);
