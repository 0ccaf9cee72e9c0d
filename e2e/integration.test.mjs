// Runs a login with the code that docs/integration.md shows for Express and for Django. The code is read from the document.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Authenticator } from "./authenticator.mjs";
import { serve } from "./server.mjs";

const BINARY = process.env.DOORWARD_BIN ?? fileURLToPath(new URL("../target/debug/doorward", import.meta.url));
const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const GENERATED = join(FOLDER, "integration/generated");
const ORIGIN = "https://example.com";

let dataDir;
let server;
let env;

before(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "doorward-integration-"));
  server = await serve(BINARY, dataDir);
  const { stdout } = await promisify(execFile)(BINARY, [
    "tenant", "create", "--name", "Shop", "--rp-id", "example.com", "--origin", ORIGIN, "--mfa-attachment", "any",
    "--api-key", "--data-dir", dataDir, "--json",
  ]);
  const tenant = JSON.parse(stdout);
  const { PATH } = process.env;
  env = { PATH, SERVER: server.public_url, TENANT: tenant.id, KEY: tenant.api_key.secret, RP_ID: "example.com", ORIGIN };
  await mkdir(GENERATED, { recursive: true });
});
after(async () => {
  await server?.stop();
  if (dataDir) await rm(dataDir, { recursive: true, force: true });
});

/** Returns the first code block of a language below a heading of docs/integration.md. */
async function snippet(heading, language) {
  const text = await readFile(new URL("../docs/integration.md", import.meta.url), "utf8");
  const section = text.split(/^## /m).find((part) => part.startsWith(heading));
  const code = section?.match(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "ms"))?.[1];
  assert.ok(code, `docs/integration.md has no ${language} code below "${heading}"`);
  return code;
}

async function call(path, body) {
  const response = await fetch(`${env.SERVER}/${env.TENANT}/${path}`, {
    method: "POST",
    headers: { apiKey: env.KEY, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

test("the Express code logs in with a second factor", async () => {
  await copyFile(new URL("../examples/node/doorward.mjs", import.meta.url), join(GENERATED, "doorward.mjs"));
  await writeFile(join(GENERATED, "express.mjs"), `
    import express from "express";
    import session from "express-session";
    const app = express();
    app.use(session({ secret: "secret of the test", resave: false, saveUninitialized: true }));
    const passwordRequired = (req, _res, next) => { req.session.user ??= "ada"; next(); };
    ${await snippet("Express", "js")}
    app.get("/me", (req, res) => res.json(req.session.signedIn ?? null));
    const listener = app.listen(0, "127.0.0.1", () => console.log(listener.address().port));
  `);
  const application = spawn("node", [join(GENERATED, "express.mjs")], {
    env: { ...env, NODE_ENV: "production" }, stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const port = await new Promise((resolve, reject) => {
      createInterface({ input: application.stdout }).once("line", resolve);
      application.once("exit", (code) => reject(new Error(`the application exited with ${code}`)));
    });
    let cookie = "";
    const send = async (method, path, body) => {
      const headers = { cookie, ...(body && { "Content-Type": "application/json" }) };
      const url = `http://127.0.0.1:${port}${path}`;
      const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
      cookie = response.headers.get("set-cookie")?.split(";")[0] ?? cookie;
      return response;
    };
    const authenticator = new Authenticator(ORIGIN);
    const options = await call("mfa/registration/initialize", { user_id: "ada", username: "Ada" });
    await call("mfa/registration/finalize", authenticator.create(options));

    const requested = await (await send("POST", "/login/options")).json();
    const before = cookie;
    const response = authenticator.get(requested);
    assert.equal((await send("POST", "/login/verify", response)).status, 204);
    assert.notEqual(cookie, before, "the session id changes");
    assert.equal(await (await send("GET", "/me")).json(), "ada");
    assert.equal((await send("POST", "/login/verify", response)).status, 401, "the challenge was consumed");
  } finally {
    application.kill();
  }
});

test("the Django code logs in with a second factor", async () => {
  await writeFile(join(GENERATED, "snippet.py"), await snippet("Django", "python"));
  const { stdout } = await promisify(execFile)(process.env.PYTHON ?? "python3", ["integration/django_app.py"], {
    cwd: FOLDER,
    timeout: 60_000,
    env: { ...env, SNIPPET: join(GENERATED, "snippet.py") },
  });
  assert.deepEqual(JSON.parse(stdout), {
    signed_in: "grace",
    new_session: true,
    registration_token: 403,
    token_of_another_user: 403,
    damaged_token: 403,
  });
});
