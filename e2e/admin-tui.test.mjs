// `doorward-admin` in a real terminal, against the real server: a person makes a tenant and a key, the key ends a second
// factor login, the row appears in the live log, the key is revoked, and the next call is refused in sight of the log.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startServer } from "./server.mjs";
import { openTerminal } from "./terminal.mjs";

const run = promisify(execFile);
const binary = (name) => fileURLToPath(new URL(`../target/debug/${name}`, import.meta.url));
const SERVER = process.env.DOORWARD_BIN ?? binary("doorward");
const ADMIN = process.env.DOORWARD_ADMIN_BIN ?? binary("doorward-admin");
const ORIGIN = "https://shop.example.com";

let server;
let terminal;
let folder;
let tenant;
let key;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "doorward-admin-"));
  server = await startServer();
  terminal = await open(120, 34);
});
after(async () => {
  await terminal?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The app, as an operator starts it beside the server's data folder: no flag but the address of a second server. */
const open = (columns, rows, env = {}) => openTerminal({
  command: [ADMIN, "--url", server.admin_url, "--token-file", join(server.data_dir, "admin.token")],
  columns, rows, env: { HOME: folder, ...env },
});

/** All ceremonies, by a software authenticator that calls the public API with the tenant's key. */
const probe = () => run(SERVER, [
  "probe", "--url", server.public_url, "--tenant", tenant, "--api-key", key, "--origin", ORIGIN, "--json",
]);

describe("an operator's hour in the terminal", () => {
  test("the overview comes up with what the installation holds", async () => {
    await terminal.until("Busiest tenants");
  });

  test("a tenant is created with its first key, which is shown once", async () => {
    await terminal.press("2");
    await terminal.until(/▌Demo/);
    await terminal.press("n");
    await terminal.until("New tenant");
    await terminal.type("Shop");
    await terminal.press("Tab");
    await terminal.type("example.com");
    await terminal.press("Tab");
    await terminal.type(ORIGIN);
    await terminal.press("Enter");
    const screen = await terminal.until(/dw_[0-9a-f-]+_\S+/);
    key = /dw_[0-9a-f-]+_[\w-]+/.exec(screen)[0];
    // It was not copied: one Escape warns, the next one closes.
    await terminal.press("Escape");
    await terminal.until("Not copied yet");
    await terminal.press("Escape");
    const without = await terminal.until((text) => !text.includes(key), "the screen without the key");
    assert.doesNotMatch(without, /dw_[\w-]{20,}/);
    const { stdout } = await run(ADMIN, ["--url", server.admin_url, "--token-file", join(server.data_dir, "admin.token"), "tenants", "list", "--json"]);
    tenant = JSON.parse(stdout).find((row) => row.display_name === "Shop").id;
  });

  test("the key ends a real second-factor login, and the live log shows it come", async () => {
    await terminal.press("3");
    await terminal.until(/tenant created +Shop/);
    await probe();
    await terminal.until(/✓ +mfa (login|authentication)/i);
  });

  test("filters combine and show as chips; the details pane shows the whole row", async () => {
    await terminal.press("/");
    await terminal.type("probe");
    await terminal.press("Enter");
    await terminal.press("Enter");
    await terminal.until(/meta_http_request_id|request/i);
    await terminal.press("x");
  });

  test("what is filtered is exported", async () => {
    const file = join(folder, "shop.ndjson");
    await terminal.press("E");
    await terminal.until("Export the audit log");
    await terminal.press("Tab", "C-u");
    await terminal.type(file);
    await terminal.press("Enter");
    await terminal.until(/[Ee]xported|[Ww]rote/);
    assert.ok(existsSync(file));
    const rows = (await readFile(file, "utf8")).trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(rows.some((row) => row.type === "mfa_authentication_final_succeeded"));
  });

  test("the revoked key is refused at the next call, in sight of the log", async () => {
    // The way to the tenant is still open under its section.
    await terminal.press("2");
    await terminal.until(/Tenants › Shop/);
    await terminal.press("Tab");
    await terminal.until(/dw_[0-9a-f]{4}/);
    await terminal.press("d");
    await terminal.until(/revoke/i);
    await terminal.press("y");
    await terminal.until(/[Rr]evoked/);
    await terminal.press("3");
    await terminal.until("api key revoked");
    await assert.rejects(probe());
    await terminal.until("api key rejected");
  });

  test("it follows the terminal's size, and ends by q and by Ctrl+C", async () => {
    await terminal.press("q");
    await terminal.until("ended with 0");
    const second = await open(80, 24);
    try {
      await second.until("Busiest tenants");
      await second.resize(40, 10);
      await second.until((screen) => screen.split("\n").length >= 10);
      await second.resize(200, 50);
      await second.until("Overview");
      await second.press("C-c");
      await second.until("ended with");
    } finally {
      await second.close();
    }
  });
});
