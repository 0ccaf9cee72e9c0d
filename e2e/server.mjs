// Starts and stops servers on free ports: `doorward quickstart` with a temporary data folder, or `doorward serve`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BINARY = process.env.DOORWARD_BIN ?? fileURLToPath(new URL("../target/debug/doorward", import.meta.url));
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 10;

/** Returns free ports. Keeps each port open until the last one is found, so that all are distinct. */
export async function freePorts(count) {
  const holders = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(holders.map((holder) => once(holder, "listening")));
  const ports = holders.map((holder) => holder.address().port);
  await Promise.all(holders.map((holder) => once(holder.close(), "close")));
  return ports;
}

/** Starts a server. Returns its process, `ready` to wait until it listens, and `stop`. */
function start(binary, args) {
  // The developer's own settings must not affect the tests.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DOORWARD_")));
  // The tests use no load balancer, so the server need not wait before it stops.
  env.DOORWARD_DRAIN = "0s";
  const child = spawn(binary, args, { env, stdio: ["ignore", "pipe", "pipe"] });

  let log = "";
  child.stderr.on("data", (text) => { log = (log + text).slice(-20_000); });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  // Kills the server when the test process exits.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);

  async function stop() {
    process.off("exit", kill);
    child.kill("SIGTERM");
    const late = setTimeout(kill, 10_000);
    await exited;
    clearTimeout(late);
  }

  /** Returns the result of `listening`. Fails if the server exits or does not listen in time. */
  async function ready(listening) {
    const failed = new Promise((_, reject) => {
      child.once("error", reject);
      exited.then((code) => reject(new Error(`${binary} exited with ${code} before it listened:\n${log}`)));
      setTimeout(() => reject(new Error(`${binary} does not listen:\n${log}`)), START_TIMEOUT_MS).unref();
    });
    try {
      return await Promise.race([listening, failed]);
    } catch (error) {
      if (child.pid !== undefined) await stop();
      throw error;
    }
  }

  return { child, ready, stop };
}

/**
 * Starts quickstart. Returns the values that quickstart prints (`public_url`, `demo_url`, `tenant_id`, `api_key`, …) and
 * `stop`. `prepare` can fill the data folder before the start.
 */
export async function startServer(prepare = async () => {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "doorward-e2e-"));
  const clean = () => rm(dataDir, { recursive: true, force: true });
  try {
    await prepare(dataDir);
    const [publicPort, adminPort, demoPort] = await freePorts(3);
    const { child, ready, stop } = start(BINARY, [
      "quickstart", "--json",
      "--data-dir", dataDir,
      "--public-addr", `127.0.0.1:${publicPort}`,
      "--admin-addr", `127.0.0.1:${adminPort}`,
      "--demo-addr", `127.0.0.1:${demoPort}`,
    ]);
    const printed = new Promise((resolve) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line.startsWith("{")) resolve(JSON.parse(line));
      });
    });
    return { ...(await ready(printed)), stop: () => stop().then(clean) };
  } catch (error) {
    await clean();
    throw error;
  }
}

/** Starts `doorward serve` with a data folder. Returns its `public_url`, `admin_url`, `pid` and `stop`. */
export async function serve(binary, dataDir) {
  const [publicPort, adminPort] = await freePorts(2);
  const { child, ready, stop } = start(binary, [
    "serve",
    "--data-dir", dataDir,
    "--public-addr", `127.0.0.1:${publicPort}`,
    "--admin-addr", `127.0.0.1:${adminPort}`,
  ]);
  const url = `http://127.0.0.1:${adminPort}`;
  const listening = async () => {
    while (!(await fetch(`${url}/health/ready`).catch(() => undefined))?.ok) await pause(POLL_INTERVAL_MS);
  };
  await ready(listening());
  return { public_url: `http://127.0.0.1:${publicPort}`, admin_url: url, pid: child.pid, stop };
}

/** Waits until a process uses little CPU time. At its first start on a filled log, a server works in the background. */
export async function waitUntilIdle(pid) {
  /** Returns the CPU time in hundredths of a second. */
  const cpuTime = async () => {
    const [user, system] = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1].split(" ").slice(11, 13);
    return Number(user) + Number(system);
  };
  let before = await cpuTime();
  for (let seconds = 0, quiet = 0; quiet < 3; seconds += 1) {
    if (seconds === 300) throw new Error("the server does not become idle");
    await pause(1_000);
    const now = await cpuTime();
    quiet = now - before <= 3 ? quiet + 1 : 0;
    before = now;
  }
}
