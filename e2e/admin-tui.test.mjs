// `doorward-admin` in a real terminal with a real server. The test creates a tenant and an API key, completes a
// second-factor login with the key, and finds the login in the live log. Then it revokes the key and finds a rejected request.

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

/** Starts the app with the address and token of the test server. */
const open = (columns, rows, env = {}) => openTerminal({
  command: [ADMIN, "--url", server.admin_url, "--token-file", join(server.data_dir, "admin.token")],
  columns, rows, env: { HOME: folder, ...env },
});

/** Runs all ceremonies with a software authenticator and the tenant's API key. */
const probe = () => run(SERVER, [
  "probe", "--url", server.public_url, "--tenant", tenant, "--api-key", key, "--origin", ORIGIN, "--json",
]);

describe("a session of an operator", () => {
  test("the overview shows the installation", async () => {
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
    // The key was not copied, so the first Escape shows a warning and the second one closes the dialog.
    await terminal.press("Escape");
    await terminal.until("Not copied yet");
    await terminal.press("Escape");
    const without = await terminal.until((text) => !text.includes(key), "the screen without the key");
    assert.doesNotMatch(without, /dw_[\w-]{20,}/);
    const { stdout } = await run(ADMIN, ["--url", server.admin_url, "--token-file", join(server.data_dir, "admin.token"), "tenants", "list", "--json"]);
    tenant = JSON.parse(stdout).find((row) => row.display_name === "Shop").id;
  });

  test("a second-factor login with the key appears in the live log", async () => {
    await terminal.press("3");
    await terminal.until(/tenant created +Shop/);
    await probe();
    await terminal.until(/✓ +mfa (login|authentication)/i);
  });

  test("a filtered entry is shown in full", async () => {
    await terminal.press("/");
    await terminal.type("probe");
    await terminal.press("Enter");
    await terminal.press("Enter");
    await terminal.until(/meta_http_request_id|request/i);
    await terminal.press("x");
  });

  test("the filtered entries are exported", async () => {
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

  test("the revoked key is rejected, and the log shows it", async () => {
    // The section "Tenants" still shows the screen of the tenant.
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

  test("it asks the terminal for its background and uses a theme that fits", async () => {
    // The accent colours of the light and the dark theme.
    for (const [background, accent] of [["rgb:ff/ff/ff", 25], ["rgb:10/10/10", 75]]) {
      const command = [ADMIN, "--url", server.admin_url, "--token-file", join(server.data_dir, "admin.token")];
      const other = await openTerminal({
        command: ["sh", "-c", `printf '\\033]11;${background}\\007'; exec "$@"`, "sh", ...command],
        columns: 80, rows: 24, env: { HOME: folder, TERM: "tmux-256color" },
      });
      try {
        await other.until("Busiest tenants");
        assert.match(await other.colors(), new RegExp(`\\[[0-9;]*38;5;${accent}m`));
      } finally {
        await other.close();
      }
    }
  });

  test("it adapts to the terminal size, and exits on q and on Ctrl+C", async () => {
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
