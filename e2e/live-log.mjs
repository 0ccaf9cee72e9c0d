// Measures the lag of the live audit log of doorward-admin during logins. `doorward-seed` must have filled DATA_DIR:
//   node e2e/live-log.mjs DATA_DIR [--programs DIR] [--rate 2000] [--clients 64] [--users 5000] [--seconds 20]
//     [--size 200x50] [--limit-ms 1000]
// Starts the server, the app in a real terminal (tmux), and doorward-load from the folder DIR (default: target/dist).
// Every 100 ms, reads the screen and then requests the newest entry. The lag is the time of this entry minus the time of
// the newest entry on the screen. The logins stay in the installation. Exits with 3 if a lag exceeds the limit.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

import { serve, waitUntilIdle } from "./server.mjs";
import { openTerminal } from "./terminal.mjs";

const INTERVAL_MS = 100;

const { values: options, positionals: [dataDir, ...surplus] } = parseArgs({
  allowPositionals: true,
  options: {
    programs: { type: "string", default: fileURLToPath(new URL("../target/dist", import.meta.url)) },
    rate: { type: "string", default: "2000" },
    clients: { type: "string", default: "64" },
    users: { type: "string", default: "5000" },
    seconds: { type: "string", default: "20" },
    size: { type: "string", default: "200x50" },
    "limit-ms": { type: "string", default: "1000" },
  },
});
if (dataDir === undefined || surplus.length > 0) {
  console.error("usage: node e2e/live-log.mjs DATA_DIR [--programs DIR] [--rate 2000] [--seconds 20] [--limit-ms 1000]");
  process.exit(2);
}
const program = (name) => join(options.programs, name);

/** Starts doorward-load. Returns its process and a promise of its report. */
function startLoad(url, pid) {
  const run = promisify(execFile)(program("doorward-load"), [
    "mfa", "--url", url, "--seeded", join(dataDir, "seeded.json"), "--rate", options.rate, "--clients", options.clients,
    "--users", options.users, "--duration", options.seconds, "--pid", String(pid), "--json",
  ], { maxBuffer: 16 * 1024 * 1024 });
  const report = run.then(({ stdout }) => JSON.parse(stdout));
  // Prevents an unhandled rejection, because the report is awaited only after the samples were taken.
  report.catch(() => {});
  return { child: run.child, report };
}

/**
 * Returns the time of the newest entry on the screen in milliseconds. This entry is selected, so a wide screen shows
 * it in full beside the list. Returns `undefined` for an incomplete screen: some frames are drawn on a cleared screen.
 */
function newestOnScreen(screen) {
  const lines = screen.split("\n");
  const first = lines.findIndex((line) => line.startsWith(" Time (UTC)")) + 1;
  const when = /│ when +(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\S*) UTC/.exec(screen);
  return lines[first]?.startsWith("▌") && when !== null ? Date.parse(`${when[1]}T${when[2]}Z`) : undefined;
}

/**
 * Returns the lags in milliseconds until `isOver` returns true. `first` is the time of the first login. Older entries on
 * the screen count as if they had this time.
 */
async function sample(terminal, newestOfLog, first, isOver) {
  const lags = [];
  for (let due = performance.now(); !isOver(); due += INTERVAL_MS) {
    await pause(Math.max(0, due - performance.now()));
    const screen = await terminal.until((now) => newestOnScreen(now) !== undefined, "the newest entry");
    lags.push(await newestOfLog() - Math.max(newestOnScreen(screen), first));
  }
  return lags;
}

const server = await serve(program("doorward"), dataDir);
try {
  await waitUntilIdle(server.pid);
  const token = join(dataDir, "admin.token");
  const headers = { Authorization: `Bearer ${(await readFile(token, "utf8")).trim()}` };
  const newestOfLog = async () => {
    const [entry] = await (await fetch(`${server.admin_url}/audit_logs?per_page=1`, { headers })).json();
    return Date.parse(entry.created_at);
  };
  const before = await newestOfLog();
  const [columns, rows] = options.size.split("x").map(Number);
  const terminal = await openTerminal({
    command: [program("doorward-admin"), "--url", server.admin_url, "--token-file", token], columns, rows,
  });
  let lags, report;
  try {
    await terminal.until("Busiest tenants", "the overview");
    await terminal.press("3");
    await terminal.until((screen) => / live\n/.test(screen) && newestOnScreen(screen) !== undefined, "the live log");
    const load = startLoad(server.public_url, server.pid);
    // Before the first login, the screen and the log show the same old entry.
    let first = before;
    for (; load.child.exitCode === null && first === before; first = await newestOfLog()) await pause(INTERVAL_MS);
    lags = await sample(terminal, newestOfLog, first, () => load.child.exitCode !== null);
    report = await load.report;
    const passedOver = /live · (\S+) passed over/.exec(await terminal.text())?.[1] ?? "0";
    console.log(`status of the app: live, ${passedOver} entries passed over`);
  } finally {
    await terminal.close();
  }
  if (lags.length < 10) throw new Error(`only ${lags.length} samples`);
  lags.sort((one, other) => one - other);
  const at = (part) => lags[Math.min(lags.length - 1, Math.floor(lags.length * part))];
  const [phase] = report.phases;
  console.log(`${phase.ceremonies_per_second.toFixed(0)} logins per second for ${options.seconds} s (requested: ${options.rate}), two entries each`);
  console.log(`lag of the live log in ms, ${lags.length} samples: median ${at(0.5)}, p95 ${at(0.95)}, largest ${lags.at(-1)}`);
  const limit = Number(options["limit-ms"]);
  if (lags.at(-1) > limit) {
    console.log(`MISSED: the largest lag exceeds ${limit} ms`);
    process.exitCode = 3;
  }
} finally {
  await server.stop();
}
