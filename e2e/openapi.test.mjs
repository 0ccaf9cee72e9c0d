// The Python client that openapi-python-client generates registers and logs in on a real server. `.ci/openapi` generates
// it and sets PYTHON to the interpreter of its environment.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { createRemoteJWKSet, jwtVerify } from "jose";

import { startServer } from "./server.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

let server;
before(async () => { server = await startServer(); });
after(() => server?.stop());

test("the generated Python client registers, logs in and confirms a transaction", async () => {
  const { stdout } = await promisify(execFile)(process.env.PYTHON ?? "python3", ["openapi/login.py"], {
    cwd: FOLDER,
    timeout: 60_000,
    env: {
      PATH: process.env.PATH,
      PYTHONPATH: `${FOLDER}openapi/generated/python`,
      URL: server.public_url,
      TENANT: server.tenant_id,
      API_KEY: server.api_key,
      ORIGIN: server.demo_url,
    },
  });
  const { mfa, login, transaction, credentials, refused } = JSON.parse(stdout);
  const keys = createRemoteJWKSet(new URL(`${server.public_url}/${server.tenant_id}/.well-known/jwks.json`));
  const claims = async (token) => (await jwtVerify(token, keys, { audience: "localhost" })).payload;
  for (const [token, sub, ceremony] of [[mfa, "ada", "mfa"], [login, "grace", "login"], [transaction, "grace", "transaction"]]) {
    const verified = await claims(token);
    assert.equal(verified.sub, sub);
    assert.equal(verified.ceremony, ceremony);
  }
  assert.equal((await claims(transaction)).trans, "payment-7");
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].user_id, "grace");
  assert.equal(refused, "no_suitable_credential");
});
