"use strict";
// The page: asks the simulator twice a second what changed and lets people act.

const GUESTS = [
  { name: "Aunt Rosa", from: "+1 202 555 0140", text: "Hello dear, it's Aunt Rosa! Is there news about the wedding?" },
  { name: "Marco", from: "+1 202 555 0141", text: "Ciao! We got your card. Count us in 🥂" },
  { name: "Sofia Bianchi", from: "+1 202 555 0142", text: "Hi! Which church is it, and at what time?" },
  { name: "Uncle Ted", from: "+1 202 555 0143", text: "Ted here. May I bring the dog?" },
];
const STATUS = {
  STOPPED: "off", STARTING: "connecting", SCAN_QR_CODE: "to be linked", WORKING: "connected", FAILED: "disconnected",
};

const page = { name: new URLSearchParams(location.search).get("session") || "groom", told: null, chat: null, writing: false, ahead: 0 };
const owner = () => page.told?.session.me?.pushName || page.name[0].toUpperCase() + page.name.slice(1);
const now = () => Date.now() + page.ahead;
const typing = (chat) => chat.typingUntilMs !== null && chat.typingUntilMs > now();

async function call(path, body) {
  const answer = await fetch(`/__world${path}`, body && {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error || "That did not work.");
  return told;
}

let quiet = null;
function say(words) {
  $("said").textContent = words;
  $("said").hidden = false;
  clearTimeout(quiet);
  quiet = setTimeout(() => { $("said").hidden = true; }, 6000);
}

async function act(work) {
  try {
    await work();
    await look();
  } catch (error) {
    say(error.message);
  }
}

// --- looking ---------------------------------------------------------------------

async function look() {
  const asked = page.name;
  const rev = page.told ? `?rev=${page.told.rev}` : "";
  const told = await call(`/phones/${encodeURIComponent(asked)}${rev}`);
  if (told && asked === page.name) {
    page.told = told;
    page.ahead = told.nowMs - Date.now();
  }
  draw();
}

async function keepLooking() {
  try {
    await look();
    $("trouble").hidden = true;
  } catch (error) {
    $("trouble").textContent = error instanceof TypeError
      ? "The simulator does not answer. This page comes back by itself." : error.message;
    $("trouble").hidden = false;
    if (page.told) page.told.rev = "";
  }
  setTimeout(keepLooking, document.hidden ? 3000 : 500);
}

// --- drawing -----------------------------------------------------------------------

function draw() {
  if (!page.told) return;
  $("phone").setAttribute("aria-busy", "false");
  document.documentElement.dataset.phone = page.name;
  drawTabs();
  drawOwner();
  drawChats();
  drawStage();
}

function drawTabs() {
  const shown = page.told.phones.filter((each) =>
    each.name === "groom" || each.name === "bride" || each.name === page.name || each.status !== "STOPPED");
  const look = JSON.stringify([page.name, shown.map((each) => [each.name, each.status])]);
  if ($("phones").dataset.look === look) return;
  $("phones").dataset.look = look;
  $("phones").replaceChildren(...shown.map((each) => {
    const dot = make("span", { class: "dot", "data-status": each.status, title: STATUS[each.status] || each.status });
    const attributes = { class: "tab", href: `/phone?session=${encodeURIComponent(each.name)}`, onclick: (event) => turnTo(event, each.name) };
    if (each.name === page.name) attributes["aria-current"] = "page";
    return make("a", attributes, dot, `${each.name[0].toUpperCase()}${each.name.slice(1)}`);
  }));
}

function turnTo(event, name) {
  event.preventDefault();
  if (name === page.name) return;
  Object.assign(page, { name, told: null, chat: null, writing: false });
  history.replaceState(null, "", `/phone?session=${encodeURIComponent(name)}`);
  $("phone").dataset.view = "list";
  act(look);
}

function drawOwner() {
  const { session } = page.told;
  $("owner-face").textContent = initials(owner());
  $("owner-name").textContent = `${owner()}’s phone`;
  $("owner-phone").textContent = session.linked ? `+${session.phone}` : "not linked yet";
  $("owner-status").textContent = STATUS[session.status] || session.status;
  $("owner-status").dataset.status = session.status;
  $("new-guest").hidden = $("unlink").hidden = !session.linked;
  document.title = `${owner()}’s pretend phone`;
}

function drawChats() {
  keep($("chats"), page.told.chats.map((chat) => {
    const current = chat.chat === page.chat && !page.writing;
    const at = typing(chat);
    return [chat.chat, JSON.stringify([chat, current, at]), () =>
      chatRow(chat, { current, typing: at, choose: () => open(chat.chat) })];
  }));
}

function open(chat) {
  Object.assign(page, { chat, writing: false });
  $("phone").dataset.view = "stage";
  draw();
  if (matchMedia("(min-width: 761px)").matches) $("text").focus();
}

function drawStage() {
  const { session, chats } = page.told;
  const chat = chats.find((each) => each.chat === page.chat);
  const show = page.writing ? "guest" : !session.linked || session.status === "SCAN_QR_CODE" ? "scene" : chat ? "chat" : "welcome";
  for (const id of ["scene", "welcome", "guest", "chat"]) $(id).hidden = id !== show;
  if (show === "scene") {
    drawScene(session);
    $("phone").dataset.view = "stage";
  } else if (show === "welcome") $("phone").dataset.view = "list";
  if (show === "chat") drawChat(chat);
}

function drawScene({ status, code, pairingCode }) {
  const words = {
    STOPPED: [`${owner()}’s WhatsApp is off`, "Start it under Accounts in the app, and its code appears here."],
    STARTING: ["Connecting…", "A moment, please."],
    FAILED: ["No code any more", "The codes have run out, or the phone removed the device. Ask for a new code under Accounts in the app."],
    SCAN_QR_CODE: ["Log in with this code", "The app shows the same code. In real life you would point the phone’s camera at it."],
  }[status] || [STATUS[status] || status, ""];
  $("scene-title").textContent = words[0];
  $("scene-words").textContent = words[1];
  $("scan").hidden = $("code-card").hidden = !code;
  $("scan-button").textContent = `Scan this code as ${owner()}’s phone`;
  if (!code) return;
  const source = `/__world/sessions/${encodeURIComponent(page.name)}/code.svg?${code.endsMs}`;
  if ($("code").getAttribute("src") !== source) $("code").src = source;
  const whole = code.endsMs - code.shownMs;
  $("code-left").style.transform = `scaleX(${Math.max(0, Math.min(1, (code.endsMs - now()) / whole))})`;
  if (pairingCode) $("scan").querySelector("details").open = true;
}

function drawChat(chat) {
  const at = typing(chat);
  faceOf($("chat-face"), title(chat), chat.chat);
  $("chat-name").textContent = title(chat);
  $("chat-sub").textContent = at ? `${owner()} is typing…` : number(chat);
  $("chat-sub").classList.toggle("typing", at);
  $("who-guest").textContent = `as ${chat.name || "the guest"}`;
  $("who-owner").textContent = `as ${owner()}, on the phone`;
  drawBubbles($("bubbles"), chat, at);
}

// --- acting ------------------------------------------------------------------------

$("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const told = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value.trim()));
  $("scan-button").disabled = true;
  act(() => call(`/sessions/${page.name}/scan`, told)).finally(() => { $("scan-button").disabled = false; });
});

$("unlink").addEventListener("click", () => {
  const sure = confirm(`Remove the linked device from ${owner()}’s phone? The app is logged out at once.`);
  if (sure) act(() => call(`/sessions/${page.name}/unlink`, {}));
});

$("back").addEventListener("click", () => { page.chat = null; $("phone").dataset.view = "list"; draw(); });

function fillGuest(guest) {
  for (const [name, value] of Object.entries(guest)) $("guest").elements[name].value = value;
}

$("new-guest").addEventListener("click", () => {
  const known = new Set(page.told.chats.map((chat) => chat.phone));
  const left = GUESTS.filter((guest) => !known.has(guest.from.replace(/\D/g, "")));
  page.writing = true;
  $("guest").reset();
  $("guest-ideas").replaceChildren(...left.map((guest) =>
    make("button", { class: "idea", type: "button", onclick: () => fillGuest(guest) }, guest.name)));
  if (left.length) fillGuest(left[0]);
  $("phone").dataset.view = "stage";
  draw();
  $("guest").elements.text.focus();
});

$("guest-cancel").addEventListener("click", () => { page.writing = false; $("phone").dataset.view = "list"; draw(); });

$("guest").addEventListener("submit", (event) => {
  event.preventDefault();
  act(async () => {
    const written = await call("/messages", { session: page.name, ...Object.fromEntries(new FormData(event.target)) });
    Object.assign(page, { writing: false, chat: written.chatId });
  });
});

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  const guest = $("composer").elements.who.value === "guest";
  const chat = page.told.chats.find((each) => each.chat === page.chat);
  $("text").value = "";
  act(() => (guest
    ? call("/messages", { session: page.name, from: chat.lid || chat.chat, text })
    : call("/phone-messages", { session: page.name, to: chat.chat, text })));
});

$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $("composer").requestSubmit();
  }
});

keepLooking();
