// Measures the response time of doorward-admin to each key, and its memory use. `doorward-seed` must have filled
// DATA_DIR:
//   node e2e/responsive.mjs DATA_DIR [--size 80x24]… [--rounds 5] [--limit-ms 100] [--limit-mb 60]
// Uses a real terminal (tmux). Measures the time from a key press until the requested screen appears, and until its
// data appears. Each round starts the app again, without cached data. Exits with 1 if a limit is exceeded.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { serve, waitUntilIdle } from "./server.mjs";
import { openTerminal } from "./terminal.mjs";

const binary = (name) => fileURLToPath(new URL(`../target/release/${name}`, import.meta.url));
const SERVER = process.env.DOORWARD_BIN ?? binary("doorward");
const ADMIN = process.env.DOORWARD_ADMIN_BIN ?? binary("doorward-admin");

const { values: options, positionals: [dataDir, ...surplus] } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", multiple: true, default: ["80x24", "200x50"] },
    rounds: { type: "string", default: "5" },
    "limit-ms": { type: "string", default: "100" },
    "limit-mb": { type: "string", default: "60" },
  },
});
if (dataDir === undefined || surplus.length > 0) {
  console.error("usage: node e2e/responsive.mjs DATA_DIR [--size 80x24]… [--rounds 5] [--limit-ms 100] [--limit-mb 60]");
  process.exit(2);
}
const rounds = Number(options.rounds);
const limit = { ms: Number(options["limit-ms"]), mb: Number(options["limit-mb"]) };

const lines = (screen) => screen.split("\n");
/** Returns the navigation path in the second line. */
const path = (screen) => lines(screen)[1];
/** Returns whether the screen is complete and shows no spinner (a braille character) for a pending request. */
const isIdle = (screen) => path(screen) !== "" && lines(screen).at(-2) !== "" && !/[\u2801-\u28ff]/.test(screen);
const HEADERS = /^ (Name .*RP ID|Time \(UTC\)|User id|Transaction +User|Name +Role|Name +Begins with|Key id)/;
/** Returns the rows of the active list without the columns on the right, which contain relative times. */
const rows = (screen) => {
  const header = lines(screen).findIndex((line) => HEADERS.test(line));
  const below = header < 0 ? [] : lines(screen).slice(header + 1, -2);
  const end = below.findIndex((line) => !/^[ ▌]\S/.test(line));
  const width = lines(screen)[header]?.startsWith(" Time") ? 76 : 40;
  // Dates and gaps between the entries of an audit log are not rows.
  const list = below.slice(0, end < 0 ? below.length : end).filter((line) => !/^[ ▌](──|···) /.test(line));
  return list.map((line) => line.slice(1, width));
};
const selected = (screen) => lines(screen).find((line) => line.startsWith("▌"));
const differ = (one, other) => JSON.stringify(one) !== JSON.stringify(other);

/** Presses keys in a terminal and measures the time until the result appears. */
class Stopwatch {
  /** `samples` collects `{ toScreen: [ms], toData: [ms] }` under the name of each step. */
  constructor(terminal, samples) {
    this.terminal = terminal;
    this.samples = samples;
  }

  /**
   * Sends `keys` (named as in tmux) or `text`, then waits for `screen` and `data`. Both are predicates of the current
   * and the previous screen. Both must be false before the key is sent. A step without `data` sends no request.
   */
  async step(name, { keys = [], text, screen, data }) {
    const { terminal } = this;
    const before = await terminal.until(isIdle, `an idle screen before "${name}"`);
    for (const [what, shows] of Object.entries({ screen, data })) {
      if (shows?.(before, before)) throw new Error(`"${name}": the ${what} appeared before the key:\n${before}`);
    }
    const start = performance.now();
    await (text === undefined ? terminal.press(...keys) : terminal.type(text));
    await terminal.until((now) => screen(now, before), `the screen of "${name}"`);
    const toScreen = performance.now() - start;
    if (data !== undefined) await terminal.until((now) => data(now, before) && isIdle(now), `the data of "${name}"`);
    const toData = data === undefined ? undefined : performance.now() - start;
    const sample = this.samples.get(name) ?? { toScreen: [], toData: [] };
    sample.toScreen.push(toScreen);
    if (toData !== undefined) sample.toData.push(toData);
    this.samples.set(name, sample);
  }

  /** Presses keys without a measurement, and waits for another screen that `shows` accepts. */
  async go(keys, shows) {
    const before = await this.terminal.until(isIdle);
    await this.terminal.press(...keys);
    const arrived = (screen) => screen !== before && shows(screen) && isIdle(screen);
    await this.terminal.until(arrived, `the screen after ${keys.join(" ")}`);
  }
}

// Predicates for steps.
const at = (...crumbs) => (screen) => path(screen).startsWith(` ${crumbs.join(" › ")}`);
const shows = (pattern) => (screen) => pattern.test(screen);
const both = (one, other) => (now, before) => one(now, before) && other(now, before);
const otherRows = (now, before) => rows(now).length > 0 && differ(rows(now), rows(before));
const someRows = (now) => rows(now).length > 0;
const entries = both(shows(/^ Time \(UTC\)/m), someRows);
const anything = (now, before) => now !== before;
const chip = (label) => shows(new RegExp(` ${label}: .* ×`));
const searching = shows(/^ \/( |$)/m);
const noChip = (screen) => !screen.includes(" ×");

/** Measures paging and the jumps to both ends of the list. */
async function pages(watch, name, count) {
  const first = selected(await watch.terminal.until(isIdle));
  // The first key only selects the last visible row.
  await watch.go(["PageDown"], (screen) => selected(screen) !== first);
  for (let page = 0; page < count; page += 1) {
    await watch.step(`${name}: next page`, { keys: ["PageDown"], screen: otherRows, data: otherRows });
  }
  await watch.step(`${name}: last loaded row, more are loaded`, { keys: ["G"], screen: otherRows });
  await watch.step(`${name}: first row`, { keys: ["g"], screen: otherRows });
}

async function overview(watch) {
  const span = (days) => watch.step(`overview: ${days} days`, {
    keys: ["s"],
    screen: shows(new RegExp(`refusals, ${days} days`)),
    // The response has arrived when the dates below the chart have changed.
    data: (now, before) => differ(now.match(/\d\d-\d\d/g), before.match(/\d\d-\d\d/g)) && now.includes(`refusals, ${days} days`),
  });
  for (const days of [30, 90, 7, 14]) await span(days);
}

async function tenants(watch) {
  const total = (screen) => / (\d+) tenants/.exec(path(screen))?.[1];
  await watch.step("tenants", { keys: ["2"], screen: at("Tenants"), data: both(someRows, total) });
  await watch.step("overview: again", { keys: ["1"], screen: at("Overview"), data: at("Overview") });
  await watch.go(["2"], at("Tenants"));
  await pages(watch, "tenants", 3);
  // The rows may be the same in two sort orders, so any change of the screen is accepted.
  const sort = (name, keys) => watch.step(`tenants: sorted by ${name}`, { keys, screen: anything, data: both(anything, someRows) });
  for (const column of ["creation", "name", "RP ID", "users", "API keys", "successes", "refusals", "activity"]) await sort(column, ["s"]);
  await sort("activity, reversed", ["S"]);
  await watch.go(["S"], at("Tenants"));
  const fewer = (now, before) => someRows(now) && total(now) !== total(before);
  await watch.go(["/"], searching);
  await watch.step("tenants: filter, first letter", { text: "b", screen: shows(/^ \/ b/m), data: fewer });
  await watch.step("tenants: filter, rest of the word", {
    text: "ank", screen: shows(/^ \/ bank/m), data: (now, before) => fewer(now, before) && /bank/i.test(rows(now)[0]),
  });
  await watch.go(["Enter"], shows(/⏎ open/));
  await watch.step("tenants: filter cleared", { keys: ["Escape"], screen: (screen) => !searching(screen), data: fewer });
}

/** Measures the screens of the tenant with the most users. */
async function tenant(watch) {
  await watch.go(["s", "s", "s", "s"], shows(/Users(…| ↓)/));
  await watch.terminal.press("g");
  await watch.step("tenant: activity", {
    keys: ["Enter"], screen: at("Tenants", ""), data: both(shows(/Success of ceremonies/), shows(/\d\S* users +\S+ credentials/)),
  });
  const tab = (name, data) => watch.step(`tenant: ${name}`, { keys: ["Tab"], screen: anything, data });
  await tab("API keys", shows(/dw_[0-9a-f]{4}/));
  await tab("signing keys", shows(/(ES256|RS256|EdDSA) +.*signs/));
  await tab("users", both(shows(/Signs in as/), someRows));
  await pages(watch, "users", 2);
  await filter(watch, "users");
  await user(watch);
  await tab("transactions", both(shows(/^ Transaction +User/m), someRows));
  await pages(watch, "transactions", 2);
  await watch.step("transactions: next row, its details", { keys: ["j"], screen: (now, before) => selected(now) !== selected(before) });
  await filter(watch, "transactions");
  await tab("trust", shows(/Algorithms in use/));
  await tab("configuration", shows(/Relying party/));
  await watch.step("tenant: audit log", { keys: ["a"], screen: (screen) => path(screen).includes("› Audit log of"), data: entries });
  await audit(watch, "audit log of a tenant");
  await watch.go(["Escape"], shows(/Relying party/));
}

/** Measures filtering by the last characters of the id in the third row. */
async function filter(watch, name) {
  const id = rows(await watch.terminal.until(isIdle))[2].split(/\s/)[0];
  await watch.go(["/"], searching);
  await watch.step(`${name}: filter`, { text: id.slice(-5), screen: (screen) => screen.includes(` / ${id.slice(-5)}`), data: otherRows });
  await watch.go(["Escape"], (screen) => !searching(screen) && someRows(screen));
}

async function user(watch) {
  await watch.step("user", { keys: ["Enter"], screen: (screen) => path(screen).split("›").length === 3, data: shows(/Credentials \(\d+\)/) });
  await watch.step("user: audit log", { keys: ["a"], screen: (screen) => path(screen).includes("› Audit log of"), data: entries });
  await watch.step("user: back", { keys: ["Escape"], screen: (screen) => !path(screen).includes("› Audit log of"), data: shows(/Credentials \(\d+\)/) });
  await watch.go(["Escape"], shows(/Signs in as/));
}

/** Measures the audit log: pages, details, and each filter. */
async function audit(watch, name, entry) {
  await pages(watch, name, 4);
  await watch.step(`${name}: next row`, { keys: ["j"], screen: (now, before) => selected(now) !== selected(before) });
  if (!(await watch.terminal.until(isIdle)).includes("│ outcome ")) {
    await watch.step(`${name}: details`, { keys: ["Enter"], screen: shows(/│ outcome /) });
    await watch.go(["Enter"], (screen) => !screen.includes("│ outcome "));
  }
  const refused = (screen) => rows(screen).every((row) => row.includes(" ✗ "));
  await watch.step(`${name}: refusals only`, { keys: ["!"], screen: chip("outcome"), data: both(otherRows, refused) });
  await pages(watch, `${name}, refusals only`, 1);
  const all = () => watch.step(`${name}: no filter`, { keys: ["x"], screen: noChip, data: otherRows });
  await all();

  await watch.step(`${name}: dialog of types`, { keys: ["t"], screen: shows(/Event types/) });
  await watch.terminal.type("registration_final_succ");
  await watch.go(["C-a"], (screen) => /[1-9] chosen/.test(screen));
  const registrations = (screen) => rows(screen).every((row) => / ✓ +(mfa )?registration/.test(row));
  await watch.step(`${name}: by type`, { keys: ["Enter"], screen: chip("type"), data: both(otherRows, registrations) });
  await all();

  /** Fills in the named fields of the filter dialog, in the order of the dialog. */
  const refine = async (what, label, fields, data) => {
    await watch.step(`${name}: dialog of filters`, { keys: ["f"], screen: shows(/Filter the audit log/) });
    const order = ["Outcome", "User", "Address", "From", "Until"];
    let place = 0;
    for (const [field, text] of Object.entries(fields)) {
      for (; order[place] !== field; place += 1) await watch.terminal.press("Tab");
      await watch.terminal.type(text);
      // Waits until the field shows the complete text, before the measured key is sent.
      const filled = (line) => line.includes(`│ ${field} `) && line.includes(` ${text} `);
      await watch.terminal.until((screen) => lines(screen).some(filled), `${text} in ${field}`);
    }
    await watch.step(`${name}: ${what}`, { keys: ["Enter"], screen: chip(label), data: both(chip(label), data) });
    await all();
  };
  if (entry !== undefined) {
    await refine("by user", "user", { User: entry.actor_user_id }, otherRows);
    await refine("by address", "address", { Address: entry.meta_source_ip }, otherRows);
    await refine("all filters together", "address", {
      User: entry.actor_user_id.slice(0, 4), Address: entry.meta_source_ip.slice(0, 3), From: "20d", Until: "1d",
    }, someRows);
  }
  await refine("until a time", "until", { Until: "2d" }, otherRows);
  await refine("from and until", "from", { From: "10d", Until: "3d" }, otherRows);
  if (entry !== undefined) {
    await watch.go(["/"], searching);
    await watch.step(`${name}: text as you type`, {
      text: entry.actor_user_id.slice(0, 8), screen: shows(/^ \/ \S/m), data: both(chip("text"), otherRows),
    });
    await watch.go(["Enter"], shows(/⏎ details/));
    await all();
    await watch.step(`${name}: the installation's own`, { keys: ["i"], screen: chip("log"), data: otherRows });
    await all();
  }
}

async function otherScreens(watch) {
  await watch.step("admin tokens", { keys: ["4"], screen: at("Admin tokens"), data: shows(/^▌first \(in use\) +admin/m) });
  await watch.step("help", { keys: ["?"], screen: shows(/ Keys ─/) });
  await watch.step("help: closed", { keys: ["Escape"], screen: (screen) => !screen.includes(" Keys ─") });
  await watch.step("palette", { keys: [":"], screen: shows(/ Find ─/) });
  await watch.step("palette: as you type", { text: "over", screen: shows(/: over[\s\S]*go to the overview/) });
  await watch.step("palette: run", { keys: ["Enter"], screen: at("Overview"), data: at("Overview") });
}

/** Returns the current and the maximum resident memory in MB. */
async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)[1]) * 1024 / 1e6;
  return { now: field("VmRSS"), most: field("VmHWM") };
}

/** Loads as many rows as the lists keep in memory. */
async function fill(watch) {
  const { terminal } = watch;
  /** Selects the last loaded row, so that the app loads more. Returns whether a later row appears within 500 ms. */
  const loadMore = async () => {
    const before = selected(await terminal.text());
    await terminal.press("G");
    for (const end = performance.now() + 500; performance.now() < end; await pause(2)) {
      if (selected(await terminal.text()) !== before) return true;
    }
    return false;
  };
  await watch.go(["2"], (screen) => path(screen).startsWith(" Tenants ›"));
  await watch.go(["Escape"], shows(/^ Name .*RP ID/m));
  while (await loadMore());
  await watch.go(["g"], someRows);
  await watch.go(["Enter"], shows(/Success of ceremonies/));
  await watch.go(["Tab"], shows(/dw_/));
  await watch.go(["Tab"], shows(/signs/));
  await watch.go(["Tab"], shows(/Signs in as/));
  while (await loadMore());
  await watch.go(["3"], entries);
  for (let presses = 0; presses < 40 && await loadMore(); presses += 1);
}

const ms = (value) => value.toFixed(1).padStart(8);
function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

/** Prints the measurements. Returns the measurements that exceed a limit. */
function report(size, samples, starts, kept) {
  const exceeded = [];
  const width = Math.max(...[...samples.keys()].map((name) => name.length));
  const both = (values) => (values.length === 0 ? " ".repeat(17) : `${ms(median(values))} ${ms(Math.max(...values))}`);
  console.log(`\n${size}, ms${" ".repeat(width - size.length - 4)}   to screen           to data`);
  console.log(`${" ".repeat(width)}    median      max    median      max`);
  for (const [name, { toScreen, toData }] of samples) {
    const most = Math.max(...toScreen, ...toData);
    if (most > limit.ms) exceeded.push(`${size}: ${name}: ${most.toFixed(1)} ms`);
    console.log(`${name.padEnd(width)}  ${both(toScreen)}  ${both(toData)}`.trimEnd());
  }
  console.log(`\nfrom the start of the app until the overview: ${ms(median(starts)).trim()} ms (median), ${ms(Math.max(...starts)).trim()} ms (max)`);
  for (const [when, { now, most }] of kept) {
    if (most > limit.mb) exceeded.push(`${size}: ${when}: ${most.toFixed(1)} MB`);
    console.log(`resident memory ${when}: ${now.toFixed(1)} MB, maximum ${most.toFixed(1)} MB`);
  }
  return exceeded;
}

async function measure(server, token, size, entry) {
  const [columns, height] = size.split("x").map(Number);
  const [samples, starts, kept] = [new Map(), [], new Map()];
  for (let number = 1; number <= rounds; number += 1) {
    const start = performance.now();
    const terminal = await openTerminal({
      command: [ADMIN, "--url", server.admin_url, "--token-file", token], columns, rows: height,
    });
    try {
      await terminal.until((screen) => screen.includes("Busiest tenants") && isIdle(screen), "the overview");
      starts.push(performance.now() - start);
      const pid = await terminal.pid();
      const watch = new Stopwatch(terminal, samples);
      await overview(watch);
      await tenants(watch);
      await tenant(watch);
      await watch.step("audit log", { keys: ["3"], screen: at("Audit log"), data: entries });
      await audit(watch, "audit log", entry);
      await otherScreens(watch);
      kept.set("after all steps", await memory(pid));
      if (number === rounds) {
        await fill(watch);
        kept.set("with all rows that lists keep", await memory(pid));
      }
    } finally {
      await terminal.close();
    }
  }
  return report(size, samples, starts, kept);
}

const server = await serve(SERVER, dataDir);
try {
  await waitUntilIdle(server.pid);
  const token = join(dataDir, "admin.token");
  const headers = { Authorization: `Bearer ${(await readFile(token, "utf8")).trim()}` };
  const get = (path) => fetch(`${server.admin_url}${path}`, { headers });
  const { tenants: tenantCount, users, engine, version } = await (await get("/overview")).json();
  const newest = await get("/audit_logs?per_page=50");
  const entry = (await newest.json()).find((item) => item.meta_source_ip !== "" && item.actor_user_id);
  console.log(`Doorward ${version} on ${engine}: ${tenantCount} tenants, ${users} users, ${newest.headers.get("x-total-count")} audit entries; ${rounds} rounds`);
  const exceeded = [];
  for (const size of options.size) exceeded.push(...await measure(server, token, size, entry));
  console.log(exceeded.length === 0 ? `\nall responses within ${limit.ms} ms, memory below ${limit.mb} MB` : `\nlimits exceeded:\n${exceeded.join("\n")}`);
  if (exceeded.length > 0) process.exitCode = 1;
} finally {
  await server.stop();
}
