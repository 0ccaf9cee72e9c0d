// The application of examples/node in Chromium with a virtual authenticator: both pages, with the commands that README.md shows.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { chromium } from "playwright-core";

import { addVirtualAuthenticator } from "./virtual-authenticator.mjs";
import { Authenticator } from "./authenticator.mjs";
import { freePorts, serve } from "./server.mjs";

const BINARY = process.env.DOORWARD_BIN ?? fileURLToPath(new URL("../target/debug/doorward", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../examples/node/", import.meta.url));
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];

let dataDir;
let server;
let application;
let origin;
let tenant;
let browser;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "doorward-example-"));
  server = await serve(BINARY, dataDir);
  const [port] = await freePorts(1);
  origin = `http://localhost:${port}`;
  const { stdout } = await promisify(execFile)(BINARY, [
    "tenant", "create", "--name", "Shop", "--rp-id", "localhost", "--origin", origin,
    "--mfa-attachment", "any", "--api-key", "--data-dir", dataDir, "--json",
  ]);
  tenant = JSON.parse(stdout);
  application = spawn("node", ["server.mjs"], {
    cwd: EXAMPLE,
    env: { PATH: process.env.PATH, SERVER: server.public_url, TENANT: tenant.id, KEY: tenant.api_key.secret, PORT: port },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    createInterface({ input: application.stdout }).once("line", resolve);
    application.once("exit", (code) => reject(new Error(`the example exited with ${code}`)));
  });
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
});
after(async () => {
  await browser?.close();
  application?.kill();
  await server?.stop();
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

/** Opens a page in a new browser profile with its own authenticator. */
async function open(path) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await addVirtualAuthenticator(page);
  await page.goto(`${origin}${path}`);
  return page;
}

async function removeCredentials() {
  const headers = { apiKey: tenant.api_key.secret };
  const url = `${server.public_url}/${tenant.id}/credentials`;
  for (const { id } of await (await fetch(url, { headers })).json()) await fetch(`${url}/${id}`, { method: "DELETE", headers });
}

describe("the example", () => {
  for (const path of ["/", "/simplewebauthn"]) {
    test(`registers a second factor and signs in with it: ${path}`, async () => {
      const page = await open(path);
      const press = (name) => page.getByRole("button", { name, exact: true }).click();
      const shows = (text) => page.getByRole("status").getByText(text).waitFor();
      await press("Sign in");
      await shows("Signed in as alice with the password. Now the second factor.");
      await press("Use second factor");
      await shows(/Not possible\. (user_not_found|no_suitable_credential)/);
      await press("Register second factor");
      await shows("Second factor registered.");
      await press("Register second factor");
      await shows("Not possible. second_factor_needed");
      await press("Use second factor");
      await shows("Signed in as alice with both factors.");
      await page.context().close();
      await removeCredentials();
    });
  }

  test("the backend refuses requests without a session", async () => {
    const post = (path, body) => fetch(`${origin}/api/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    assert.equal((await post("login/options", {})).status, 401);
    assert.equal((await post("register/options", {})).status, 401);
    assert.equal((await post("password", { name: "alice", password: "wrong" })).status, 401);
  });

  test("the backend refuses tokens of another ceremony and of another user", async () => {
    Object.assign(process.env, { SERVER: server.public_url, TENANT: tenant.id, KEY: tenant.api_key.secret });
    const { request, verify } = await import("../examples/node/doorward.mjs");
    const options = await request("POST", "mfa/registration/initialize", { user_id: "7", username: "bob" });
    const { token } = await request("POST", "mfa/registration/finalize", new Authenticator(origin).create(options));
    assert.equal((await verify(token, "registration", "7")).sub, "7");
    await assert.rejects(verify(token, "mfa", "7"), /the token is for registration, not for mfa/);
    await assert.rejects(verify(token, "registration", "42"), /"sub" claim/);
  });
});
