// Pages of other origins in Chromium with a virtual authenticator: related origins, frames, patterns of subdomains, and
// signals. All host names resolve to a web server of this test, which redirects `/.well-known/webauthn` to Doorward.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { addVirtualAuthenticator } from "./virtual-authenticator.mjs";
import { startServer } from "./server.mjs";

const RP_ID = "shop.example";
const FRAME = `<iframe src="https://${RP_ID}/" allow="publickey-credentials-get *; publickey-credentials-create *"></iframe>`;

let doorward;
let web;
let browser;
let page;
let devtools;
let authenticatorId;
let tenant;
let apiKey;

/** Creates a certificate for a web server that only this test uses. */
async function certificate() {
  const folder = await mkdtemp(join(tmpdir(), "doorward-e2e-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=test", "-keyout", key, "-out", cert], { stdio: "ignore" });
  const pair = { key: await readFile(key), cert: await readFile(cert) };
  await rm(folder, { recursive: true });
  return pair;
}

/** Serves an empty page at every host, a page with a frame at `/frame`, and the public API at `doorward.example`. */
async function serve({ headers, url }, response) {
  const html = (body) => response.writeHead(200, { "Content-Type": "text/html" }).end(`<!doctype html>${body}`);
  if (headers.host === "doorward.example") {
    const forwarded = await fetch(doorward.public_url + url);
    response.writeHead(forwarded.status, { "Content-Type": forwarded.headers.get("content-type") });
    response.end(await forwarded.text());
  } else if (url === "/.well-known/webauthn") {
    response.writeHead(302, { Location: `https://doorward.example/${tenant}/.well-known/webauthn` }).end();
  } else {
    html(url === "/frame" ? FRAME : "<title>Shop</title>");
  }
}

async function send(url, method, headers, body) {
  const json = { "Content-Type": "application/json", ...headers };
  const response = await fetch(url, { method, headers: json, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}
const call = (method, path, body) => send(`${doorward.public_url}/${tenant}/${path}`, method, { apiKey }, body);

async function administer(method, path, body) {
  const token = (await readFile(doorward.admin_token_file, "utf8")).trim();
  const response = await send(`${doorward.admin_url}${path}`, method, { Authorization: `Bearer ${token}` }, body);
  assert.ok(response.status < 300, JSON.stringify(response));
  return response.body;
}

before(async () => {
  doorward = await startServer();
  web = createServer(await certificate(), serve);
  await once(web.listen(0, "127.0.0.1"), "listening");
  const rp = {
    id: RP_ID, display_name: "Shop", origins: [`https://${RP_ID}`, `https://*.pay.${RP_ID}`],
    related_origins: ["https://boutique.example"], top_origins: ["https://partner.example"],
  };
  const config = { webauthn: { relying_party: rp } };
  const created = await administer("POST", "/tenants", { display_name: "Shop", config, create_api_key: true });
  [tenant, apiKey] = [created.id, created.api_key.secret];
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
      `--host-resolver-rules=MAP *:443 127.0.0.1:${web.address().port}`,
    ],
  });
  page = await browser.newPage();
  ({ devtools, authenticatorId } = await addVirtualAuthenticator(page));
});
after(async () => {
  await browser?.close();
  web?.closeAllConnections();
  web?.close();
  await doorward?.stop();
});

/** Opens a page and returns its last frame. Returns the main frame if the page contains no other frame. */
async function open(url) {
  await page.goto(url);
  return page.frames().at(-1);
}

/** Returns the credential in JSON form, or the text of the browser's error. */
const create = (frame, options) => frame.evaluate(async (json) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return navigator.credentials.create({ publicKey }).then((credential) => credential.toJSON(), String);
}, options.publicKey);
const get = (frame, options) => frame.evaluate(async (json) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return navigator.credentials.get({ publicKey }).then((credential) => credential.toJSON(), String);
}, options.publicKey);

async function register(frame, user) {
  const { body: options } = await call("POST", "registration/initialize", { user_id: user, username: user });
  return call("POST", "registration/finalize", await create(frame, options));
}
async function login(frame) {
  const { body: options } = await call("POST", "login/initialize", {});
  return call("POST", "login/finalize", await get(frame, options));
}
const stored = async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length;

test("a related origin registers and signs in with the same RP ID", async () => {
  const boutique = await open("https://boutique.example/");
  assert.equal((await register(boutique, "alice")).status, 200);
  assert.equal((await login(boutique)).status, 200);
  assert.equal((await login(await open(`https://${RP_ID}/`))).status, 200);
});

test("the browser refuses a page that is not related", async () => {
  const { body: options } = await call("POST", "login/initialize", {});
  const error = await get(await open("https://stranger.example/"), options);
  assert.match(error, /^SecurityError.*no listed origin matched/);
});

test("a subdomain signs in if a pattern accepts it", async () => {
  assert.equal((await login(await open(`https://eu.pay.${RP_ID}/`))).status, 200);
  const { status, body } = await login(await open(`https://eu.${RP_ID}/`));
  assert.deepEqual([status, body.code], [401, "origin_mismatch"]);
});

test("a frame signs in and registers in an allowed page only", async () => {
  const framed = await open("https://partner.example/frame");
  assert.equal((await login(framed)).status, 200);
  assert.equal((await register(framed, "bob")).status, 200);
  const { status, body } = await login(await open("https://stranger.example/frame"));
  assert.deepEqual([status, body.code], [401, "cross_origin"]);
});

test("signals rename and remove passkeys", async () => {
  const shop = await open(`https://${RP_ID}/`);
  const before = await stored();
  const signal = (method, entries) => shop.evaluate(async ([method, entries]) => {
    for (const entry of entries) await PublicKeyCredential[method](entry);
  }, [method, entries]);

  // The initialize request of a second registration changes the display name. The page does not finish this
  // registration.
  await call("POST", "registration/initialize", { user_id: "bob", username: "bob", display_name: "Robert" });
  const { body: signals } = await call("GET", "users/bob/signals");
  assert.equal(signals.current_user_details[0].displayName, "Robert");
  await signal("signalCurrentUserDetails", signals.current_user_details);
  await signal("signalAllAcceptedCredentials", signals.all_accepted_credentials);
  assert.equal(await stored(), before, "registered passkeys are kept");

  const [id] = signals.all_accepted_credentials[0].allAcceptedCredentialIds;
  assert.equal((await call("DELETE", `credentials/${id}`)).status, 204);
  const { body: emptied } = await call("GET", "users/bob/signals");
  assert.deepEqual(emptied.all_accepted_credentials[0].allAcceptedCredentialIds, []);
  await signal("signalAllAcceptedCredentials", emptied.all_accepted_credentials);
  assert.equal(await stored(), before - 1);
});

test("after the deletion of a user, an empty list removes the passkeys", async () => {
  const shop = await open(`https://${RP_ID}/`);
  const before = await stored();
  assert.equal((await call("DELETE", "users/alice")).status, 204);
  const { status, body } = await call("GET", "users/alice/signals");
  assert.deepEqual([status, body.code], [404, "user_not_found"]);
  const userId = Buffer.from("alice").toString("base64url");
  await shop.evaluate((entry) => PublicKeyCredential.signalAllAcceptedCredentials(entry),
    { rpId: RP_ID, userId, allAcceptedCredentialIds: [] });
  assert.equal(await stored(), before - 1);
});
