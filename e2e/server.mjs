// Starts a server on free ports, and ends it again: `doorward quickstart` with a data folder of its own, or `doorward serve`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const BINARY = process.env.DOORWARD_BIN ?? fileURLToPath(new URL("../target/debug/doorward", import.meta.url));
const START_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 10;

/** Ports that were free a moment ago; all are held until the last one is known, so that no two are the same. */
async function freePorts(count) {
  const holders = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(holders.map((holder) => once(holder, "listening")));
  const ports = holders.map((holder) => holder.address().port);
  await Promise.all(holders.map((holder) => once(holder.close(), "close")));
  return ports;
}

/** Starts a server: its process, what fails when it ends before it is `ready`, its pid, and how to end it. */
function start(binary, args) {
  // A developer's own settings must not change what is tested.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DOORWARD_")));
  const child = spawn(binary, args, { env, stdio: ["ignore", "pipe", "pipe"] });

  let log = "";
  child.stderr.on("data", (text) => { log = (log + text).slice(-20_000); });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  // Whatever ends the tests ends the server as well.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);

  async function stop() {
    process.off("exit", kill);
    child.kill("SIGTERM");
    const late = setTimeout(kill, 10_000);
    await exited;
    clearTimeout(late);
  }

  /** What `listening` promises, or the error that it never came to that. */
  async function ready(listening) {
    const failed = new Promise((_, reject) => {
      child.once("error", reject);
      exited.then((code) => reject(new Error(`${binary} ended with ${code} before it listened:\n${log}`)));
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
 * What quickstart printed (`public_url`, `demo_url`, `tenant_id`, `api_key`, …), and how to end it. `prepare` may fill the
 * data folder first.
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

/** `doorward serve` on a data folder that stays: its `admin_url`, its `pid`, and how to end it. */
export async function serve(binary, dataDir) {
  const [publicPort, adminPort] = await freePorts(2);
  const { child, ready, stop } = start(binary, [
    "serve",
    "--data-dir", dataDir,
    "--public-addr", `127.0.0.1:${publicPort}`,
    "--admin-addr", `127.0.0.1:${adminPort}`,
  ]);
  const url = `http://127.0.0.1:${adminPort}`;
  const answers = async () => {
    while (!(await fetch(`${url}/health/ready`).catch(() => undefined))?.ok) await pause(LOOK_EVERY_MS);
  };
  await ready(answers());
  return { admin_url: url, pid: child.pid, stop };
}
