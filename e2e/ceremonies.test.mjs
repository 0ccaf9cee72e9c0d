// Ceremonies of current browsers in Chromium with a virtual authenticator: the page code of docs/integration.md for
// autofill, Ed25519 keys, and the optional members of the options. Automatic passkey upgrades do not finish in headless Chromium.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { addVirtualAuthenticator } from "./virtual-authenticator.mjs";
import { startServer } from "./server.mjs";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const USER = { user_id: "ada", username: "ada@example.com" };

let server;
let browser;
let page;

before(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  await addVirtualAuthenticator(page, {
    ctap2Version: "ctap2_1", transport: "internal", hasLargeBlob: true, hasCredBlob: true, hasMinPinLength: true, hasPrf: true,
    defaultBackupEligibility: true, defaultBackupState: true,
  });
  // The snippets of the document call this function, which stands for the page's backend.
  await page.exposeFunction("call", (path, body) => post(ROUTES[path] ?? path, body));
  await page.goto(server.demo_url);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const ROUTES = {
  "/login/options": "login/initialize",
  "/login/verify": "login/finalize",
};

async function post(path, body) {
  const response = await fetch(`${server.public_url}/${server.tenant_id}/${path}`, {
    method: "POST",
    headers: { apiKey: server.api_key, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const result = await response.json();
  assert.equal(response.status, 200, JSON.stringify(result));
  return result;
}

const claims = ({ token }) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** Returns the code block below a heading of docs/integration.md. */
async function snippet(heading) {
  const text = await readFile(new URL("../docs/integration.md", import.meta.url), "utf8");
  const section = text.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`));
  const code = section?.match(/^```js\n(.*?)^```/ms)?.[1];
  assert.ok(code, `docs/integration.md has no code below "${heading}"`);
  return code;
}

/** Runs a ceremony in the page and returns the result as JSON. */
const create = (options) => page.evaluate(async ({ publicKey }) => {
  const parsed = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey);
  return (await navigator.credentials.create({ publicKey: parsed })).toJSON();
}, options);
const get = (options) => page.evaluate(async ({ publicKey }) => {
  const parsed = PublicKeyCredential.parseRequestOptionsFromJSON(publicKey);
  return (await navigator.credentials.get({ publicKey: parsed })).toJSON();
}, options);

const INPUTS = { first: "AQID", second: "BAUG" };

test("options with every optional member are parsed by the browser", async () => {
  const extensions = {
    credProps: true, credentialProtectionPolicy: "userVerificationRequired", enforceCredentialProtectionPolicy: true,
    minPinLength: true, largeBlob: { support: "preferred" }, prf: { eval: INPUTS },
  };
  const options = await post("registration/initialize", { ...USER, hints: ["client-device", "hybrid"], extensions });
  const parsed = await page.evaluate(({ publicKey }) => {
    const { hints, extensions } = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey);
    const { first, second } = extensions.prf.eval;
    return { hints, largeBlob: extensions.largeBlob, prf: [first, second].map((input) => [...new Uint8Array(input)]) };
  }, options);
  assert.deepEqual(parsed, {
    hints: ["client-device", "hybrid"], largeBlob: { support: "preferred" }, prf: [[1, 2, 3], [4, 5, 6]],
  });
});

test("an Ed25519 passkey is registered, credProps is stored, and prf and largeBlob pass through", async () => {
  const extensions = { credProps: true, largeBlob: { support: "preferred" }, prf: {} };
  const created = await create(await post("registration/initialize", { ...USER, extensions }));
  await post("registration/finalize", created);
  assert.equal(created.response.publicKeyAlgorithm, -8, "the authenticator has an Ed25519 key");
  const outputs = created.clientExtensionResults;
  assert.deepEqual(outputs, { credProps: { rk: true }, largeBlob: { supported: true }, prf: { enabled: true } });
  const url = `${server.public_url}/${server.tenant_id}/credentials?user_id=ada`;
  const [credential] = await (await fetch(url, { headers: { apiKey: server.api_key } })).json();
  assert.equal(credential.discoverable, true);

  /** Logs in with extensions and returns their outputs. */
  const login = async (request) => {
    const used = await get(await post("login/initialize", request));
    assert.equal(claims(await post("login/finalize", used)).sub, "ada");
    return used.clientExtensionResults;
  };
  const evalByCredential = { [created.id]: INPUTS, AAAA: INPUTS };
  const { prf } = await login({ user_id: "ada", extensions: { prf: { evalByCredential } } });
  assert.equal(Buffer.from(prf.results.first, "base64url").length, 32);
  assert.notEqual(prf.results.first, prf.results.second);
  const written = await login({ user_id: "ada", extensions: { largeBlob: { write: "BwgJ" } } });
  assert.equal(written.largeBlob.written, true);
  const read = await login({ extensions: { largeBlob: { read: true } } });
  assert.equal(read.largeBlob.blob, "BwgJ");
});

test("the code of the document signs in by autofill", async () => {
  const code = await snippet("Autofill");
  const token = await page.evaluate(`(async () => { ${code}; return offerPasskeys(); })()`);
  const { ceremony, sub, uv } = claims(token);
  assert.deepEqual({ ceremony, sub, uv }, { ceremony: "login", sub: "ada", uv: true });
});

test("the code of the document does nothing without a password manager", async () => {
  const code = await snippet("Automatic upgrades");
  assert.equal(await page.evaluate(`(async () => {
    PublicKeyCredential.getClientCapabilities = async () => ({ conditionalCreate: false });
    ${code};
    return upgrade();
  })()`), false);
});
