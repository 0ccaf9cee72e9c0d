// The demo page in Chromium with a virtual authenticator. The tests must run in this order: alice signs in with a
// password and a second factor, bob with a passkey.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { startFraming, startPhishing } from "./phishing.mjs";
import { addVirtualAuthenticator } from "./virtual-authenticator.mjs";
import { startServer } from "./server.mjs";

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
const SHOTS = fileURLToPath(new URL("screenshots/", import.meta.url));
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let server;
let browser;
let page;
let devtools;
let authenticatorId;
const requested = [];
const pageErrors = [];

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  server = await startServer();
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS });
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme: "light", locale: "en-GB" });
  page.setDefaultTimeout(15_000);
  page.on("request", (request) => requested.push(request.url()));
  page.on("pageerror", (error) => pageErrors.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) pageErrors.push(message.text());
  });
  ({ devtools, authenticatorId } = await addVirtualAuthenticator(page));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// The audit log at the bottom of the page may contain the same text, so the result of the action is the first match.
const shows = (text) => page.getByText(text, { exact: true }).first().waitFor();
const press = (name) => page.getByRole("button", { name, exact: true }).click();
const open = async (url = server.demo_url) => {
  await page.goto(url);
  await page.locator("body[data-view]").waitFor();
};
const shot = (name) => page.screenshot({ path: `${SHOTS}${name}.png`, fullPage: true });

async function fill(username, password) {
  await page.getByLabel("Name", { exact: true }).fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
}

async function signOut() {
  await press("Sign out");
  await shows("Signed out");
}

/** Returns the token claims that the page shows. The backend has verified them. */
const claims = async () => JSON.parse(await page.locator("#token-claims").textContent());

/** Returns the API calls shown for an action, as "METHOD path status". */
const calls = (action) => page.locator(`[data-action="${action}"] .calls li`).evaluateAll((lines) => lines.map((line) =>
  [".method", ".path", ".status"].map((part) => line.querySelector(part).textContent.replace("/…/", "")).join(" ")));

/** Checks the accessibility of the page with axe-core. */
async function checkAccessibility() {
  // The script is injected through the debugger, because the content security policy forbids other scripts.
  await devtools.send("Runtime.evaluate", { expression: AXE });
  const violations = await page.evaluate(async () => (await globalThis.axe.run()).violations
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`));
  assert.deepEqual(violations, []);
}

/** Returns the audit entries of a type, read as an application's backend reads them. */
async function audited(type) {
  const url = `${server.public_url}/${server.tenant_id}/audit_logs?type=${type}`;
  const response = await fetch(url, { headers: { apiKey: server.api_key } });
  assert.equal(response.status, 200);
  return response.json();
}

describe("password and second factor", () => {
  test("a wrong password shows an error", async () => {
    await open();
    await shot("01-start");
    await checkAccessibility();
    await fill("alice", "wrong horse");
    await press("Sign in");
    await shows("Not signed in");
    await shows("Name or password is wrong.");
    await shows("password_wrong");
  });

  test("registers a second factor", async () => {
    await fill("alice", "correct horse");
    await press("Sign in");
    await shows("You are in, with a password alone.");
    await press("Register second factor");
    await shows("Second factor registered");
    assert.deepEqual((await calls("factor-register")).slice(0, 2), [
      "POST mfa/registration/initialize 200", "POST mfa/registration/finalize 200",
    ]);
    const token = await claims();
    assert.equal(token.sub, "alice");
    assert.equal(token.ceremony, "registration");
    await page.locator("#credentials").getByText("second factor").waitFor();
    await page.locator("#audit-rows").getByText("mfa_registration_final_succeeded").waitFor();
    await shot("02-second-factor");
  });

  test("a second factor cannot confirm a payment", async () => {
    await press("Confirm with passkey");
    await shows("The payment was not confirmed");
    await shows("no_suitable_credential");
  });

  test("signs in with both factors", async () => {
    await signOut();
    await fill("alice", "correct horse");
    await press("Sign in");
    await shows("One lock is open. One to go.");
    await shot("03-half-way");
    assert.equal(await page.locator("#view-in").isVisible(), false);
    await press("Use my second factor");
    await shows("Signed in with both factors");
    assert.deepEqual((await calls("result")).slice(0, 2), ["POST mfa/login/initialize 200", "POST mfa/login/finalize 200"]);
    const token = await claims();
    assert.equal(token.sub, "alice");
    assert.equal(token.ceremony, "mfa");
    assert.deepEqual(token.aud, ["localhost"]);
    await page.locator("#audit-rows").getByText("mfa_authentication_final_succeeded").waitFor();
    await shot("04-both-factors");
    // docs/images/demo.png in the README is a copy of this screenshot.
    await page.screenshot({ path: `${SHOTS}readme.png`, clip: { x: 0, y: 0, width: 1280, height: 960 }, fullPage: true });
    await checkAccessibility();
  });

  test("a session without the second factor has no access", async () => {
    await signOut();
    await fill("alice", "correct horse");
    await press("Sign in");
    await shows("Now your second factor");
    const response = await page.evaluate(async () => {
      const credentials = await fetch("/api/credentials");
      return { status: credentials.status, code: (await credentials.json()).error.code };
    });
    assert.deepEqual(response, { status: 403, code: "second_factor_needed" });
    await press("Start over");
    await shows("Signed out");
  });
});

describe("passkey only", () => {
  test("signs up and registers a passkey", async () => {
    await fill("bob", "battery staple");
    await press("Create account");
    await shows("You are in, with a password alone.");
    await press("Register passkey");
    await shows("Passkey registered");
    await page.locator("#credentials").getByText("passkey", { exact: true }).waitFor();
  });

  test("confirms a payment", async () => {
    await page.getByLabel("Recipient").fill("Grace & Sons <b>");
    await page.getByLabel("Amount in euros").fill("1234,5");
    await press("Confirm with passkey");
    await shows("€1234.50 to Grace & Sons <b> confirmed");
    const token = await claims();
    assert.equal(token.ceremony, "transaction");
    assert.match(token.trans, /^[0-9a-f-]{36}$/);
    await shot("05-payment");
  });

  test("signs in without a password", async () => {
    const { sub } = await claims();
    await signOut();
    await press("Sign in with a passkey");
    await shows("Signed in with a passkey");
    await shows("You are in, without a password.");
    assert.deepEqual((await calls("result")).slice(0, 2), ["POST login/initialize 200", "POST login/finalize 200"]);
    const token = await claims();
    assert.equal(token.ceremony, "login");
    assert.equal(token.sub, sub);
    await shot("06-passkey");
  });

  test("renames a key", async () => {
    const keys = page.locator("#credentials");
    await keys.getByRole("button", { name: /^Rename/ }).click();
    await page.getByLabel("New name").fill("Blue key");
    await press("Save");
    await shows("Key renamed");
    await keys.getByText("Blue key").waitFor();
  });
});

describe("other pages", () => {
  test("a phishing proxy gets the password but no token, and the attempts are audited", async () => {
    await signOut();
    const phishing = await startPhishing(server.demo_url);
    try {
      await open(phishing.url);
      await fill("alice", "correct horse");
      await press("Sign in");
      await shows("Now your second factor");
      await press("Use my second factor");
      await shows("The second factor was refused");
      await shows("origin_mismatch");
      await shot("07-phishing");
      await checkAccessibility();
      assert.equal(await page.locator("#view-in").isVisible(), false);
      await press("Start over");
      await shows("Signed out");
      await press("Sign in with a passkey");
      await shows("Not signed in");
      await shows("origin_mismatch");
    } finally {
      await phishing.stop();
    }
    for (const type of ["mfa_authentication_final_failed", "webauthn_authentication_final_failed"]) {
      const [row] = await audited(type);
      assert.equal(row.type, type);
      assert.equal(row.error_code, "origin_mismatch");
    }
  });

  test("the user finds the attempt in the audit log", async () => {
    await open();
    await fill("alice", "correct horse");
    await press("Sign in");
    await press("Use my second factor");
    await shows("Signed in with both factors");
    const refused = page.locator("#audit-rows .failed").filter({ hasText: "Second-factor login refused" });
    await refused.getByText("origin_mismatch").waitFor();
    await shot("08-audit");
  });

  test("the page cannot be shown in a frame", async () => {
    const framing = await startFraming(server.demo_url);
    try {
      const visitor = await browser.newPage();
      const refused = visitor.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
      await visitor.goto(framing.url);
      await refused;
      await visitor.close();
    } finally {
      await framing.stop();
    }
  });

  test("another host name redirects to localhost", async () => {
    const { port } = new URL(server.demo_url);
    await open(`http://127.0.0.1:${port}/`);
    assert.equal(page.url(), `${server.demo_url}/`);
  });
});

describe("the page", () => {
  test("deletes a key after a second click", async () => {
    await open();
    const keys = page.locator("#credentials");
    await keys.getByRole("button", { name: /^Delete/ }).click();
    await keys.getByRole("button", { name: /^Really delete/ }).click();
    await shows("Key deleted");
    assert.equal(await keys.locator("li").count(), 0);
    await page.locator("#audit-rows").getByText("webauthn_credential_deleted").waitFor();
  });

  for (const [colorScheme, width] of [["light", 1280], ["dark", 1280], ["light", 390], ["dark", 390]]) {
    test(`is accessible and fits the window: ${colorScheme}, ${width} px`, async () => {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize({ width, height: 844 });
      await open();
      await shot(`09-signed-in-${colorScheme}-${width}`);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page scrolls sideways");
      await checkAccessibility();
    });
  }

  test("works with the keyboard only", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await signOut();
    await page.getByLabel("Name", { exact: true }).focus();
    await page.keyboard.type("alice");
    await page.keyboard.press("Tab");
    await page.keyboard.type("correct horse");
    await page.keyboard.press("Enter");
    await shows("You are in, with a password alone.");
    // The heading gets the focus after its text has changed.
    await page.waitForFunction(() => document.activeElement.id === "title");
  });

  test("removes a deleted passkey from the authenticator", async () => {
    const stored = async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length;
    const before = await stored();
    await press("Register passkey");
    await shows("Passkey registered");
    assert.equal(await stored(), before + 1);
    await page.locator("#credentials").getByRole("button", { name: /^Delete/ }).click();
    await page.locator("#credentials").getByRole("button", { name: /^Really delete/ }).click();
    // The test counts the stored credentials, because the page may still show the message of an earlier deletion.
    const end = Date.now() + 10_000;
    while (await stored() !== before) assert.ok(Date.now() < end, "the authenticator still has the passkey");
  });

  test("loads nothing from other hosts and causes no errors", () => {
    assert.deepEqual(requested.filter((url) => !/^http:\/\/(localhost|127\.0\.0\.1):\d+\//.test(url)), []);
    assert.deepEqual(pageErrors, []);
  });
});
