"use strict";
// Recorded text reaches the page through textContent and setAttribute alone; no markup is ever parsed here.
const data = JSON.parse(document.getElementById("report-data").textContent);
const PAGE = 25;
const SVG = "http://www.w3.org/2000/svg";
const BADGES = { success: "good", failure: "bad", denied: "warn", open: "warn", unknown: "warn", cancelled: "calm", suspended: "calm" };
const byId = (id) => document.getElementById(id);

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null).map((child) => child instanceof Node ? child : String(child)));
  return node;
}

const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\uffff\ud800-\udfff]|\udb40[\udc00-\udc7f]/g;
const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;
// Controls and characters that hide or reverse text are shown as escapes (a pair of surrogates is one character).
function shown(text) {
  return Array.from(String(text), (char) => PAIR.test(char) && !(char >= "\udb40\udc00" && char <= "\udb40\udc7f") ? char
    : char.replace(UNSAFE, (found) => "\\u" + found.charCodeAt(0).toString(16).padStart(4, "0"))).join("");
}

function when(ms, withDate) {
  const text = new Date(ms).toISOString();
  return (withDate ? text.slice(0, 10) + " " : "") + text.slice(11, 19);
}

function span(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return ms >= 1 ? Math.round(ms) + " ms" : "< 1 ms";
  const s = ms / 1000;
  for (const [size, unit, small, smaller] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]]) {
    if (s >= size) return `${Math.floor(s / size)} ${unit} ${Math.floor((s % size) / small)} ${smaller}`;
  }
  return s.toFixed(1) + " s";
}

const many = (count, one) => `${count.toLocaleString("en-US")} ${one}${count === 1 ? "" : "s"}`;
const badge = (text, kind) => el("span", { class: "badge " + (kind || "calm") }, shown(text));

// -- theme ---------------------------------------------------------------------------------------------

function setUpTheme() {
  const button = byId("theme"), root = document.documentElement;
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const label = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", dark() ? "Use light colours" : "Use dark colours"); };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; label(); });
  button.hidden = false;
  label();
}

// -- chart ---------------------------------------------------------------------------------------------

function setUpChart() {
  const chart = byId("chart"), tip = byId("tip");
  if (!chart) return;
  chart.addEventListener("pointermove", (event) => {
    const place = event.target.getAttribute("data-bucket");
    if (place === null) return;
    const [start, events, failed, denied] = data.buckets[place];
    tip.textContent = `${when(start, true).slice(0, 16)}\n${many(events, "event")}` + (failed ? `\n${failed.toLocaleString("en-US")} failed` : "") + (denied ? `\n${denied.toLocaleString("en-US")} denied` : "");
    tip.hidden = false;
    const width = chart.clientWidth, half = tip.offsetWidth / 2;
    const middle = (Number(place) + 0.5) / data.buckets.length * width;
    tip.style.left = Math.min(Math.max(middle, half), width - half) + "px";
  });
  chart.addEventListener("pointerleave", () => { tip.hidden = true; });
}

// -- long tables ---------------------------------------------------------------------------------------

function setUpTables() {
  for (const table of document.querySelectorAll("table")) {
    const extra = Array.from(table.querySelectorAll("tr.more"));
    if (!extra.length) continue;
    const button = el("button", { type: "button", class: "quiet more-rows" }, `Show ${extra.length} more`);
    const unfold = (open) => { for (const row of extra) row.hidden = !open; button.hidden = open; };
    button.addEventListener("click", () => { unfold(true); extra[0].setAttribute("tabindex", "-1"); extra[0].focus(); });
    addEventListener("beforeprint", () => unfold(true));
    table.parentElement.after(button);
    unfold(false);
  }
}

// -- sessions ------------------------------------------------------------------------------------------

const state = { filter: "all", order: "look", text: "", page: 0 };
const ORDERS = {
  look: () => 0,
  late: (a, b) => b.start + b.length - a.start - a.length,
  long: (a, b) => b.length - a.length,
  many: (a, b) => b.count - a.count,
};

function chosen() {
  const text = state.text.trim().toLowerCase();
  return data.sessions
    .filter((session) => state.filter === "all" || session[state.filter] > 0)
    .filter((session) => !text || [session.key, session.agent, session.user].some((value) => value && value.toLowerCase().includes(text)))
    .sort(ORDERS[state.order]);
}

function showList() {
  const found = chosen(), pages = Math.max(1, Math.ceil(found.length / PAGE));
  state.page = Math.min(state.page, pages - 1);
  const first = state.page * PAGE;
  const shownOnes = found.slice(first, first + PAGE);
  byId("list").replaceChildren(...shownOnes.map(sessionNode));
  byId("found").textContent = found.length ? `${many(found.length, "session")} · showing ${first + 1} to ${first + shownOnes.length}` : "No session matches.";
  showPager(pages);
}

function showPager(pages) {
  const step = (label, by, off) => {
    const button = el("button", { type: "button", class: "quiet", disabled: off }, label);
    button.addEventListener("click", () => { state.page += by; showList(); byId("sessions").scrollIntoView(); });
    return button;
  };
  byId("pager").replaceChildren(...(pages > 1 ? [step("Previous", -1, state.page === 0), `Page ${state.page + 1} of ${pages}`, step("Next", 1, state.page === pages - 1)] : []));
}

function more(name, count) {
  return name === null ? "–" : shown(name) + (count > 1 ? ` +${count - 1}` : "");
}

function sessionNode(session) {
  const button = el("button", { type: "button", class: "row", "aria-expanded": "false" },
    el("span", { class: "caret", "aria-hidden": "true" }, "▶"),
    el("span", { class: "mono", title: session.key }, shown(session.key)),
    el("span", { class: "side" }, more(session.agent, session.agents)),
    el("span", { class: "side" }, session.user === null ? "no user" : "for " + more(session.user, session.users)),
    el("span", { class: "side" }, when(session.start, true).slice(0, 16)),
    el("span", { class: "side" }, many(session.count, "event")),
    el("span", { class: "flags" }, flags(session)));
  const node = el("div", { class: "session" }, el("h3", {}, button));
  button.addEventListener("click", () => toggle(node, button, () => timelineNode(session)));
  return node;
}

function flags(session) {
  return [["failed", "bad", "failed"], ["denied", "warn", "denied"], ["open", "warn", "open"]]
    .filter(([name]) => session[name] > 0).map(([name, kind, word]) => badge(`${session[name]} ${word}`, kind));
}

function toggle(node, button, make) {
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  if (open) node.append(make());
  else node.lastElementChild.remove();
}

// -- timeline ------------------------------------------------------------------------------------------

function timelineNode(session) {
  if (!session.rows.length) {
    return el("div", { class: "opened" }, el("p", { class: "empty" }, `The ${many(session.count, "event")} of this session are not in this file. Make a report of it alone with --session.`));
  }
  const left = session.count - session.events.length;
  const total = Math.max(...session.rows.map(([, , , start, length]) => start + (length || 0)), 1);
  const steps = session.rows.map((row) => stepNode(session, row, total));
  return el("div", { class: "opened" },
    el("p", { class: "note" }, `${session.run ? "Run" : "Session"} of ${span(session.length)} from ${when(session.start, true)} UTC. Open a line for its events.`),
    el("ol", { class: "steps", "aria-label": "Timeline" }, steps),
    left > 0 ? el("p", { class: "note" }, `and ${many(left, "later event")} that are not in this file.`) : null);
}

function stepNode(session, [depth, type, label, start, length, outcome, decision, events], total) {
  const button = el("button", { type: "button", class: "step", "aria-expanded": "false" },
    el("span", { class: `what d${depth}` }, el("span", { class: "name", title: label }, shown(label)), el("span", { class: "kind" }, shown(type))),
    el("span", { class: "how" }, outcome && outcome !== "success" && !(decision || "").startsWith(outcome) ? badge(outcome === "open" ? "no outcome" : outcome, BADGES[outcome]) : null,
      decision ? badge(decision, decision.startsWith("approved") ? "good" : "warn") : null),
    el("span", { class: "took" }, length === null ? when(session.start + start, false) : span(length)),
    lane(start, length, outcome, total));
  const node = el("li", { "aria-level": depth + 1 }, button);
  button.addEventListener("click", () => toggle(node, button, () => el("div", { class: "events" }, events.map((place) => eventNode(session.events[place])))));
  node.eventIds = events.map((place) => session.events[place][1]);
  return node;
}

function lane(start, length, outcome, total) {
  const svg = document.createElementNS(SVG, "svg"), bar = document.createElementNS(SVG, "rect");
  svg.setAttribute("class", "lane");
  svg.setAttribute("aria-hidden", "true");
  const width = Math.max((length || 0) / total * 100, 0.8);
  const kind = { failure: "bad", denied: "warn", open: "warn" }[outcome] || (length === null ? "calm" : "accent");
  for (const [name, value] of [["x", Math.min(start / total * 100, 100 - width) + "%"], ["width", width + "%"], ["height", "100%"], ["rx", 2], ["class", "fill " + kind]]) bar.setAttribute(name, value);
  svg.append(bar);
  return svg;
}

// -- events --------------------------------------------------------------------------------------------

const JSON_FIELDS = new Set(["parameters", "result", "metadata", "source"]);

function eventNode([seq, id, at, fields]) {
  const rows = Object.entries(fields).filter(([name]) => name !== "event_type")
    .flatMap(([name, value]) => [el("dt", {}, shown(name)), el("dd", {}, JSON_FIELDS.has(name) ? payload(value) : shown(value))]);
  return el("article", { class: "eventcard", id: "event-" + id, tabindex: "-1" },
    el("h4", {}, shown(fields.event_type), el("span", { class: "faint" }, `${new Date(at).toISOString().replace("T", " ").replace("Z", "")} UTC`), el("span", { class: "faint" }, `seq ${seq}`)),
    el("dl", { class: "fields" }, el("dt", {}, "event_id"), el("dd", {}, shown(id)), rows));
}

function payload(text) {
  if (text.length > data.payload) return shown(text.slice(0, data.payload)) + `\n… shortened here; whole: agent-audit-log show`;
  try {
    const value = JSON.parse(text);
    return shown(typeof value === "string" ? value : JSON.stringify(value, null, 2));
  } catch {
    return shown(text);
  }
}

function goToEvent() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  if (!wanted.startsWith("event-")) return;
  const id = wanted.slice(6);
  const session = data.sessions.find((one) => one.events.some((event) => event[1] === id));
  if (!session) return;
  Object.assign(state, { filter: "all", text: "", page: Math.floor(data.sessions.slice().sort(ORDERS[state.order]).indexOf(session) / PAGE) });
  byId("find").value = "";
  for (const chip of document.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", String(chip.dataset.filter === "all"));
  showList();
  const node = byId("list").children[chosen().indexOf(session) - state.page * PAGE];
  node.querySelector(".row").click();
  const step = Array.from(node.querySelectorAll("li")).find((one) => one.eventIds.includes(id));
  step.querySelector(".step").click();
  const card = document.getElementById("event-" + id);
  card.scrollIntoView({ block: "center" });
  card.focus({ preventScroll: true });
}

function setUpSessions() {
  if (!byId("list")) return;
  byId("find").addEventListener("input", (event) => { Object.assign(state, { text: event.target.value, page: 0 }); showList(); });
  byId("order").addEventListener("change", (event) => { Object.assign(state, { order: event.target.value, page: 0 }); showList(); });
  const chips = document.querySelectorAll(".chip");
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      for (const other of chips) other.setAttribute("aria-pressed", String(other === chip));
      Object.assign(state, { filter: chip.dataset.filter, page: 0 });
      showList();
    });
  }
  showList();
  addEventListener("hashchange", goToEvent);
  document.addEventListener("click", (event) => {
    const link = event.target.closest ? event.target.closest("a.event") : null;
    // The same link a second time changes no hash.
    if (link && link.hash === location.hash) { event.preventDefault(); goToEvent(); }
  });
  goToEvent();
}

setUpTheme();
setUpChart();
setUpTables();
setUpSessions();
