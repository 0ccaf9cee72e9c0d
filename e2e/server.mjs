// Starts `doorward quickstart` on free ports with a data folder of its own, and ends it again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BINARY = process.env.DOORWARD_BIN ?? fileURLToPath(new URL("../target/debug/doorward", import.meta.url));
const START_TIMEOUT_MS = 60_000;

/** Ports that were free a moment ago; all are held until the last one is known, so that no two are the same. */
async function freePorts(count) {
  const holders = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(holders.map((holder) => once(holder, "listening")));
  const ports = holders.map((holder) => holder.address().port);
  await Promise.all(holders.map((holder) => once(holder.close(), "close")));
  return ports;
}

/**
 * What quickstart printed (`public_url`, `demo_url`, `tenant_id`, `api_key`, …), and how to end it. `prepare` may fill the
 * data folder first.
 */
export async function startServer(prepare = async () => {}) {
  const dataDir = await mkdtemp(join(tmpdir(), "doorward-e2e-"));
  await prepare(dataDir);
  const [publicPort, adminPort, demoPort] = await freePorts(3);
  // A developer's own settings must not change what is tested.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("DOORWARD_")));
  const child = spawn(BINARY, [
    "quickstart", "--json",
    "--data-dir", dataDir,
    "--public-addr", `127.0.0.1:${publicPort}`,
    "--admin-addr", `127.0.0.1:${adminPort}`,
    "--demo-addr", `127.0.0.1:${demoPort}`,
  ], { env, stdio: ["ignore", "pipe", "pipe"] });

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
    await rm(dataDir, { recursive: true, force: true });
  }

  const ready = new Promise((resolve, reject) => {
    child.once("error", reject);
    exited.then((code) => reject(new Error(`${BINARY} ended with ${code} before it listened:\n${log}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) resolve(JSON.parse(line));
    });
    setTimeout(() => reject(new Error(`${BINARY} does not listen:\n${log}`)), START_TIMEOUT_MS).unref();
  });
  try {
    return { ...(await ready), stop };
  } catch (error) {
    if (child.pid !== undefined) await stop();
    throw error;
  }
}
