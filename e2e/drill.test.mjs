// The drill of docs/operations.md: a stolen API key is disabled, investigated and replaced with keys in `doorward-admin`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startServer } from "./server.mjs";
import { openTerminal } from "./terminal.mjs";

const run = promisify(execFile);
const ADMIN = process.env.DOORWARD_ADMIN_BIN ?? fileURLToPath(new URL("../target/debug/doorward-admin", import.meta.url));
const THIEF = "127.0.0.66";
const LIMIT_MS = 60_000;

let server;
let terminal;
let folder;
let connection;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "doorward-drill-"));
  server = await startServer();
  connection = ["--url", server.admin_url, "--token-file", join(server.data_dir, "admin.token")];
});
after(async () => {
  await terminal?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Sends a request with an API key from a loopback address. Returns the status and the body. */
function call(address, key, method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { apiKey: key, ...(body && { "Content-Type": "application/json" }) };
    const sent = request(`${server.public_url}${path}`, { method, headers, localAddress: address }, (response) => {
      let text = "";
      response.on("data", (part) => { text += part; });
      response.on("end", () => resolve({ status: response.statusCode, body: JSON.parse(text) }));
    });
    sent.on("error", reject);
    sent.end(body && JSON.stringify(body));
  });
}

test("a stolen API key is disabled, investigated and replaced within a minute", async (t) => {
  const create = ["tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--origin", "https://example.com", "--api-key", "--json"];
  const { stdout } = await run(ADMIN, [...connection, ...create]);
  const { id: tenant, api_key: { secret: stolen } } = JSON.parse(stdout);
  for (const user_id of ["alice", "bob", "carol"]) {
    const { status } = await call(THIEF, stolen, "POST", `/${tenant}/mfa/login/initialize`, { user_id });
    assert.equal(status, 404);
  }
  terminal = await openTerminal({ command: [ADMIN, ...connection], columns: 120, rows: 34, env: { HOME: folder } });
  await terminal.until("Busiest tenants");

  const alarm = Date.now();
  // Find the tenant of the key.
  await terminal.press("C-p");
  await terminal.until("Find");
  await terminal.type("Shop");
  await terminal.until(/Shop +example.com/);
  await terminal.press("Enter");
  await terminal.until(/Overview › Shop$/m);
  await terminal.press("Tab");
  await terminal.until(stolen.slice(0, 7));
  // Stop the thief.
  await terminal.press("x");
  await terminal.until(/Disable API key/i);
  await terminal.press("y");
  await terminal.until(/Disabled/);
  const refused = await call(THIEF, stolen, "POST", `/${tenant}/mfa/login/initialize`, { user_id: "alice" });
  assert.deepEqual([refused.status, refused.body.code], [401, "api_key_disabled"]);
  // Give the backend another key.
  await terminal.press("n");
  await terminal.until(/New API key/i);
  await terminal.type("backend 2");
  await terminal.press("Enter");
  const screen = await terminal.until(/dw_[0-9a-f]{32}_\S+/);
  const [replacement] = /dw_[0-9a-f]{32}_[\w-]+/.exec(screen);
  await terminal.press("Escape");
  await terminal.until("Not copied yet");
  await terminal.press("Escape");
  await terminal.until((text) => !text.includes(replacement), "the screen without the key");
  assert.equal((await call("127.0.0.1", replacement, "GET", `/${tenant}/credentials`)).status, 200);
  // List and export what the thief did.
  await terminal.press("g", "Enter");
  await terminal.until(/Shop › Audit log/);
  await terminal.until(/key: [0-9a-f-]{36}/);
  await terminal.press("/");
  await terminal.type(`ip:${THIEF} since:1h `);
  await terminal.press("Enter");
  await terminal.until(/mfa login started: user_no/);
  await terminal.press("E");
  await terminal.until("Export the audit log");
  const file = join(folder, "thief.ndjson");
  await terminal.press("Tab", "C-u");
  await terminal.type(file);
  await terminal.press("Enter");
  await terminal.until(/[Ee]xported/);
  const rows = (await readFile(file, "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  assert.ok(rows.every((row) => row.meta_source_ip === THIEF));
  assert.deepEqual(new Set(rows.map((row) => row.error_code)), new Set(["user_not_found", "api_key_disabled"]));
  // Revoke the stolen key.
  await terminal.press("Escape");
  await terminal.until(/Overview › Shop$/m);
  await terminal.until(/disabled/);
  await terminal.press("g");
  await terminal.press("d");
  const question = await terminal.until(/Revoke API key/i);
  assert.match(question, new RegExp(stolen.slice(0, 7)));
  await terminal.press("y");
  await terminal.until(/Revoked/);
  const elapsed = Date.now() - alarm;
  t.diagnostic(`from alarm to contained: ${(elapsed / 1000).toFixed(1)} s`);
  assert.ok(elapsed < LIMIT_MS, `${elapsed} ms`);
});
