// The page's one script: says sentences, shows the answers, and fetches what the bot says by itself.
// Cards come from the server as HTML that is escaped there; nothing that a person typed is made HTML here.

const { me, run } = document.body.dataset;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const clone = (id) => one(`#${id}`).content.firstElementChild.cloneNode(true);

const panes = new Map(all("[data-pane]").map((pane) => [pane.dataset.pane, pane]));
const composer = one(".composer");
const words = one("#words");
let here = "";

// --- The conversation -----------------------------------------------------------------------------------------------

const list = (place) => one("ol", panes.get(place));

function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function append(place, item, follow = true) {
  const log = one(".log", panes.get(place));
  const near = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  list(place).append(item);
  if (follow || near) scroll(place);
  keep();
}

// To the end, but a tall card is read from its title on.
function scroll(place) {
  const log = one(".log", panes.get(place));
  log.scrollTop = (list(place).lastElementChild?.offsetTop ?? 0) - 24;
}

function appendSaid(place, text) {
  const item = clone("said");
  one(".said", item).textContent = text;
  append(place, item);
}

// A reload, or being somebody else for a while, loses nothing: each window keeps what was said in it.
function keep() {
  const kept = Object.fromEntries([...panes.keys()].map((place) => [place, list(place).innerHTML]));
  try {
    sessionStorage.setItem(`${run}/${me}`, JSON.stringify(kept));
  } catch {
    sessionStorage.removeItem(`${run}/${me}`); // full: too many pictures
  }
}

function restore() {
  const kept = JSON.parse(sessionStorage.getItem(`${run}/${me}`) ?? "{}");
  for (const [place, html] of Object.entries(kept)) list(place).innerHTML = html;
  for (const waiting of all(".waiting, .trouble")) waiting.remove();
  for (const fields of all("fieldset[aria-busy]")) free(fields);
}

// --- Saying ---------------------------------------------------------------------------------------------------------

async function post(order) {
  const headers = { "Content-Type": "application/json" };
  try {
    const answer = await fetch("/say", { method: "POST", headers, body: JSON.stringify(order) });
    const text = await answer.text();
    if (answer.ok) return { item: element(text) };
    if (answer.status < 500) return { trouble: text };
  } catch {
    // Not reached: the same as an answer that says it broke.
  }
  return { trouble: "", again: true };
}

// Says words typed into the composer or pressed as a suggestion.
async function say(text) {
  const place = here;
  appendSaid(place, text);
  await send({ as: me, text, inputs: {}, channel: place, delivery: crypto.randomUUID() }, place);
}

async function send(order, place) {
  const waiting = clone("waiting");
  append(place, waiting);
  const answer = await post(order);
  waiting.remove();
  append(place, answer.item ?? troubled(answer, () => send(order, place)));
}

function troubled({ trouble, again }, retry) {
  const item = clone("trouble");
  const button = one("button", item);
  if (trouble) one("p", item).textContent = trouble;
  if (!again) button.remove();
  button.addEventListener("click", () => (item.remove(), retry()));
  return item;
}

// Presses a button of a card. The fields of its form go along.
async function press(form, button) {
  if (button.dataset.confirm && !(await ask(button.dataset.confirm, button))) return;
  const place = here;
  const inputs = Object.fromEntries(new FormData(form));
  for (const field of all("input[type=file]", form)) {
    const kept = await upload(field.files[0]);
    if (kept.trouble) return blameFile(field, kept.trouble);
    inputs[field.name] = kept.number;
  }
  await deliver({ as: me, text: button.value, inputs, channel: place, delivery: crypto.randomUUID() }, place, form, button);
}

// Sends a file ahead of the form that it belongs to; the form has its number.
async function upload(file) {
  if (!file) return { number: "" };
  const answer = await fetch(`/files?as=${encodeURIComponent(me)}`, { method: "POST", body: file });
  const text = await answer.text();
  return answer.ok ? { number: text } : { trouble: text };
}

function blameFile(field, why) {
  field.setAttribute("aria-invalid", "true");
  error(field).textContent = why;
  field.focus();
}

async function deliver(order, place, form, button) {
  const fields = one("fieldset", form);
  fields.disabled = true;
  fields.setAttribute("aria-busy", "true");
  const answer = await post(order);
  free(fields);
  if (!answer.item) return append(place, troubled(answer, () => deliver(order, place, form, button)));
  if (blame(form, answer.item)) return;
  appendSaid(place, button.textContent);
  append(place, answer.item);
  if (Object.keys(order.inputs).length === 0) return button.focus({ preventScroll: true });
  fields.disabled = true; // a form is sent once
  write(form);
  words.focus();
  keep();
}

// Writes what was filled in into the HTML, so that it is kept.
function write(form) {
  for (const field of all("input:not([type=file])", form)) field.setAttribute("value", field.value);
  for (const field of all("textarea", form)) field.textContent = field.value;
  for (const option of all("option", form)) option.toggleAttribute("selected", option.selected);
}

function free(fields) {
  fields.disabled = false;
  fields.removeAttribute("aria-busy");
}

// Marks the field that an answer finds at fault, and says why beside it. False if the answer should be shown as it is.
function blame(form, item) {
  for (const field of all("[aria-invalid]", form)) {
    field.removeAttribute("aria-invalid");
    error(field).textContent = "";
  }
  const fault = one("[data-fault]", item)?.dataset.fault;
  const field = fault && one(`[name="${CSS.escape(fault)}"]`, form);
  if (!field || one("[name]", item)) return false;
  field.setAttribute("aria-invalid", "true");
  error(field).textContent = one(".title", item).textContent;
  field.focus();
  return true;
}

const error = (field) => document.getElementById(`${field.id}-error`);

function ask(text, button) {
  const dialog = one("#ask");
  const yes = one("button[value=yes]", dialog);
  one("p", dialog).textContent = text;
  yes.textContent = button.textContent;
  yes.className = button.classList.contains("danger") ? "danger" : "primary";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.closest("dialog")) return;
  event.preventDefault();
  if (form !== composer) return press(form, event.submitter);
  const text = words.value.trim();
  words.value = "";
  if (text) say(text);
});

// --- What the bot says by itself ------------------------------------------------------------------------------------

function show({ place, id, version, html }) {
  const known = one(`[data-id="${CSS.escape(id)}"]`, list(place));
  if (!known) {
    append(place, element(html), false);
    if (place !== here) badge(place, Number(one(`[data-place="${place}"] .badge`).textContent) + 1);
  } else if (version > Number(known.dataset.version)) {
    const item = element(html);
    const focused = known.contains(document.activeElement);
    item.classList.add("changed");
    known.replaceWith(item);
    if (focused) words.focus();
    keep();
  }
}

function badge(place, count) {
  const mark = one(`[data-place="${place}"] .badge`);
  mark.textContent = count || "";
  mark.hidden = !count;
  mark.setAttribute("aria-label", mark.dataset.news.replace("{n}", count));
}

// Shows who else has got something since this browser was last them.
function tell(news) {
  localStorage.setItem(`${run}/${me}`, news[me]);
  for (const link of all("[data-person]")) {
    const { person } = link.dataset;
    const waits = person !== me && news[person] > Number(localStorage.getItem(`${run}/${person}`));
    one(".dot", link).hidden = !waits;
    link.hash = waits ? "" : here;
  }
}

async function poll() {
  let reached = false;
  try {
    const answer = await fetch(`/messages?as=${encodeURIComponent(me)}`);
    if (answer.ok) {
      const { messages, news } = await answer.json();
      messages.forEach(show);
      tell(news);
      reached = true;
    }
  } catch {
    // The line above the conversation says so.
  }
  one(".offline").hidden = reached;
  setTimeout(poll, 1000);
}

// --- Places ---------------------------------------------------------------------------------------------------------

function go() {
  here = panes.has(location.hash) ? location.hash : "";
  for (const [place, pane] of panes) {
    const link = one(`[data-place="${place}"]`);
    pane.hidden = place !== here;
    if (place === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  badge(here, 0);
  scroll(here);
}

addEventListener("hashchange", go);

// --- Suggestions ----------------------------------------------------------------------------------------------------

const suggestions = one("#suggestions");
const options = all("[role=option]", suggestions);
const open = () => options.filter((option) => !suggestions.hidden && !option.hidden);
const active = () => one("[aria-selected=true]", suggestions);

// What stands before the first blank to fill in: "spend" of "spend [by WHAT] [PERIOD]".
const lead = (usage) => usage.replace(/\s*(?:[[<(…]|\b[A-Z]{2,}\b).*/, "");

function suggest(text) {
  const typed = text.trim().toLowerCase().replace(/^\//, "");
  for (const option of options) {
    const usage = option.dataset.usage.toLowerCase();
    option.hidden = !usage.includes(typed) && !typed.startsWith(lead(option.dataset.usage).toLowerCase());
  }
  suggestions.hidden = text === "" || options.every((option) => option.hidden);
  words.setAttribute("aria-expanded", String(!suggestions.hidden));
  select(null);
}

function select(option) {
  active()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) words.setAttribute("aria-activedescendant", option.id);
  else words.removeAttribute("aria-activedescendant");
}

// Writes a suggestion into the composer, up to the first blank.
function take(usage) {
  words.value = lead(usage) === usage ? usage : `${lead(usage)} `;
  suggest("");
  words.focus();
}

words.addEventListener("input", () => suggest(words.value));
words.addEventListener("blur", () => suggest(""));
composer.addEventListener("submit", () => suggest(""));

words.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    if (suggestions.hidden) suggest(words.value || "/");
    const shown = open();
    const from = active() ? shown.indexOf(active()) : (step < 0 ? 0 : -1);
    select(shown.at((from + step) % shown.length));
  } else if (event.key === "Escape") {
    suggest("");
  } else if ((event.key === "Enter" || event.key === "Tab") && active()) {
    take(active().dataset.usage);
  } else {
    return;
  }
  event.preventDefault();
});

suggestions.addEventListener("mousedown", (event) => {
  event.preventDefault(); // the composer keeps the focus
  const option = event.target.closest("[role=option]");
  if (option) take(option.dataset.usage);
});

for (const chip of all(".chips button")) {
  chip.addEventListener("click", () => {
    const { usage } = chip.dataset;
    take(usage);
    if (usage.replace(/\[[^\]]*\]/g, "").trim() === lead(usage)) composer.requestSubmit(); // no blank but may be left out
  });
}

async function speak(language) {
  const order = { as: me, text: `settings language ${language}`, inputs: {}, channel: "", delivery: crypto.randomUUID() };
  const answer = await post(order);
  if (answer.item) location.reload();
}

for (const button of all("[data-language]")) button.addEventListener("click", () => speak(button.dataset.language));

// Who never chose a language is spoken to in the first of the browser's that there is.
if ("unchosen" in document.body.dataset) {
  const spoken = all("[data-language]").map((button) => button.dataset.language);
  const same = (wanted, code) => wanted.toLowerCase().split("-")[0] === code.split("_")[0];
  const first = navigator.languages.map((wanted) => spoken.find((code) => same(wanted, code))).find(Boolean);
  if (first && first.replace("_", "-") !== document.documentElement.lang) speak(first);
}

// --- Begin ----------------------------------------------------------------------------------------------------------

restore();
go();
poll();
