// Script of the demo page. It calls only its own backend, and the backend calls Doorward.

const $ = (id) => document.getElementById(id);

/** Creates an element with a class and children. Text is never parsed as HTML. */
function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

// ---------------------------------------------------------------- WebAuthn in JSON form

const toBase64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const fromBase64url = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const descriptors = (list) => (list ?? []).map((item) => ({ ...item, id: fromBase64url(item.id) }));

/** Converts the JSON options of the API to the form that the browser requires, with binary fields. */
function parseCreation(options) {
  if (window.PublicKeyCredential?.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return {
    ...options,
    challenge: fromBase64url(options.challenge),
    user: { ...options.user, id: fromBase64url(options.user.id) },
    excludeCredentials: descriptors(options.excludeCredentials),
  };
}

function parseRequest(options) {
  if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return { ...options, challenge: fromBase64url(options.challenge), allowCredentials: descriptors(options.allowCredentials) };
}

/** Converts the authenticator's response to JSON. */
function toJSON(credential) {
  if (credential.toJSON) return credential.toJSON();
  const { response } = credential;
  const fields = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) fields[name] = toBase64url(response[name]);
  }
  if (response.getTransports) fields.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: fields,
  };
}

function authenticator() {
  if (!window.PublicKeyCredential || !navigator.credentials) throw new Problem("webauthn_missing");
  return navigator.credentials;
}
const create = async ({ publicKey }) => toJSON(await authenticator().create({ publicKey: parseCreation(publicKey) }));
const get = async ({ publicKey }) => toJSON(await authenticator().get({ publicKey: parseRequest(publicKey) }));

/** Informs the authenticators which keys are still registered. They remove the others. */
async function signal(signals) {
  if (!window.PublicKeyCredential?.signalAllAcceptedCredentials) return;
  for (const entry of signals?.all_accepted_credentials ?? []) {
    await PublicKeyCredential.signalAllAcceptedCredentials(entry).catch(console.warn);
  }
}

// ---------------------------------------------------------------- Error messages

const MESSAGES = {
  // Error codes of Doorward
  origin_mismatch: "The passkey signed for a different address than this application's. This is how a copied page is detected.",
  cross_origin: "The passkey was requested inside a frame of another page.",
  rp_id_mismatch: "The passkey belongs to another site.",
  challenge_unknown: "This attempt was already used, or belongs to another action. Please try again.",
  challenge_expired: "That took too long. Please try again.",
  signature_invalid: "The signature does not match the registered key.",
  counter_regression: "The key's counter went backwards: it may have been copied. Ask for help before you use it again.",
  credential_not_allowed: "This key cannot be used here.",
  credential_not_found: "This key no longer exists.",
  credential_exists: "This key is already registered.",
  no_suitable_credential: "The account has no passkey for this yet. Register one first.",
  user_not_found: "Doorward does not know this account yet. Register a key first.",
  user_verification_missing: "The key did not verify you. Use one with fingerprint, face or PIN.",
  user_handle_mismatch: "The key belongs to another account.",
  transaction_exists: "This payment was already started.",
  validation_failed: "Doorward did not accept one of the fields.",
  rate_limited: "Too many attempts. Please wait a moment.",
  unavailable: "Doorward is busy or cannot reach its database. Please try again.",
  api_key_invalid: "Doorward does not accept this application's API key. It may have been revoked.",
  api_key_missing: "The application did not send its API key.",
  tenant_not_found: "The tenant no longer exists.",
  internal_error: "Doorward had an internal error. Its log contains the cause with the request id.",
  // Error codes of the application
  password_wrong: "Name or password is wrong.",
  username_taken: "This name is taken. Choose another, or sign in.",
  signed_out: "Your session has ended. Please sign in again.",
  second_factor_needed: "Please prove your second factor first.",
  token_refused: "Doorward returned a token, but the token did not pass the application's checks.",
  account_unknown: "The passkey is valid, but its account no longer exists: the demo keeps accounts in memory only.",
  doorward_unreachable: "The application cannot reach Doorward. Is it running?",
  // Errors of the browser
  webauthn_missing: "This browser does not support passkeys on this page. Open it on localhost in a current browser.",
  NotAllowedError: "The browser ended the request: it was cancelled, took too long, or no suitable key was found.",
  InvalidStateError: "This key is already registered for the account.",
  SecurityError: "The browser refused: this application's passkeys cannot be used at this address.",
  AbortError: "The request was cancelled.",
  offline: "The page cannot reach its application. Is the demo still running?",
};

class Problem extends Error {
  constructor(code, details = "", calls = []) {
    super(code);
    Object.assign(this, { code, details, calls });
  }
}

/** Converts any error to a problem that can be shown. */
function problemOf(error) {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException) return new Problem(error.name, error.message);
  console.error(error);
  return new Problem("page_failed", String(error?.message ?? error));
}

async function api(method, path, body) {
  let response;
  try {
    response = await fetch(`/api/${path}`, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Problem("offline");
  }
  const result = await response.json().catch(() => ({}));
  if (response.ok) return result;
  const { code = "unexpected_response", title = `The application returned ${response.status}`, details = "" } = result.error ?? {};
  throw new Problem(code, [title, details].filter(Boolean).join(": "), result.calls);
}

// ---------------------------------------------------------------- Display

/** The calls that each action makes. The page shows them in advance. */
const PLANS = {
  "sign-in": [["GET", "credentials?user_id=…"]],
  "passkey-login": [["POST", "login/initialize"], ["POST", "login/finalize"], ["GET", ".well-known/jwks.json"]],
  "factor-login": [["POST", "mfa/login/initialize"], ["POST", "mfa/login/finalize"], ["GET", ".well-known/jwks.json"]],
  "factor-register": [["POST", "mfa/registration/initialize"], ["POST", "mfa/registration/finalize"], ["GET", ".well-known/jwks.json"]],
  "passkey-register": [["POST", "registration/initialize"], ["POST", "registration/finalize"], ["GET", ".well-known/jwks.json"]],
  payment: [["POST", "transaction/initialize"], ["POST", "transaction/finalize"], ["GET", ".well-known/jwks.json"]],
  credentials: [["GET", "credentials?user_id=…"]],
  audit: [["GET", "audit_logs?actor_user_id=…"]],
};

const card = (action) => document.querySelector(`[data-action="${action}"]`);

function callLine(method, path, status, ms, requestId) {
  const tenant = path.match(/^(.*?\/[0-9a-f-]{36}\/)(.*)$/);
  const where = el("span", "path");
  if (tenant) where.append(el("span", "tenant", "/…/"), decodeURIComponent(tenant[2]));
  else where.append(el("span", "tenant", "/…/"), path);
  const good = status !== undefined && status < 400;
  const line = el("li", status === undefined ? "planned" : "", el("span", "method", method), where,
    status === undefined ? undefined : el("span", `status ${good ? "ok" : "no"}`, String(status ?? "no response")));
  if (ms !== undefined) line.append(el("span", "ms", `${ms} ms`, requestId ? ` · request ${requestId.slice(0, 13)}` : ""));
  if (requestId) line.lastChild.title = requestId;
  return line;
}

/** Shows the calls of an action beside a card. Without `calls`, shows the planned ones. */
function showCalls(place, action, calls) {
  const made = calls !== undefined;
  const list = el("ol");
  if (made) for (const call of calls) list.append(callLine(call.method, call.path, call.status ?? null, call.ms, call.request_id));
  else for (const [method, path] of PLANS[action]) list.append(callLine(method, path));
  const parts = [el("p", "heading", made ? "What the backend called" : "What the backend will call"), list];
  if (made && calls.length === 0) parts.push(el("p", "note", "Nothing: the application handled this by itself."));
  if (made && PLANS[action].length === 3 && calls.length === 2 && calls.every((call) => call.status < 400)) {
    parts.push(el("p", "note", "The backend used its cached copy of jwks.json."));
  }
  card(place).querySelector(".calls").replaceChildren(...parts);
}

function showOutcome(place, state, title, text, code) {
  place.className = `outcome ${state}`;
  const mark = el("span", "mark", { done: "✓", refused: "✕", waiting: "…" }[state]);
  mark.setAttribute("aria-hidden", "true");
  place.replaceChildren(mark, el("strong", "", title));
  if (text) place.append(el("span", "text", text));
  if (code) place.append(el("span", "code", el("code", "", code)));
}

function clearOutcomes() {
  for (const place of document.querySelectorAll(".outcome")) place.replaceChildren();
  card("result").querySelector(".calls").replaceChildren();
}

function showProblem(place, title, problem) {
  const message = MESSAGES[problem.code];
  showOutcome(place, "refused", title, message ?? problem.details, problem.code);
  const code = place.querySelector(".code");
  if (message && problem.details) code.append(` · ${problem.details}`);
}

function tokenLink() {
  const link = el("a", "", "See the verified token");
  link.href = "#token";
  return link;
}

function showToken(token) {
  $("token").hidden = !token;
  if (!token) return;
  $("token-checks").replaceChildren(...token.checks.map(({ name, value }) =>
    el("li", "", el("span", "tick", "✓"), el("code", "", name), el("span", "", value))));
  const [header, claims, signature] = token.raw.split(".");
  const decoded = (part) => JSON.stringify(JSON.parse(new TextDecoder().decode(fromBase64url(part))), null, 2);
  $("token-header").textContent = decoded(header);
  $("token-claims").textContent = decoded(claims);
  $("token-raw").replaceChildren(el("span", "", header), ".", el("span", "", claims), ".", el("span", "", signature));
}

const EVENTS = {
  webauthn_registration: "Passkey registration", webauthn_authentication: "Passkey login", webauthn_transaction: "Payment",
  mfa_registration: "Second-factor registration", mfa_authentication: "Second-factor login",
};
const STEPS = { init_succeeded: "started", init_failed: "not started", final_succeeded: "completed", final_failed: "refused" };

function eventLabel(type) {
  const parts = type.match(/^(.*?)_(init|final)_(succeeded|failed)$/);
  if (parts && EVENTS[parts[1]]) return `${EVENTS[parts[1]]} ${STEPS[`${parts[2]}_${parts[3]}`]}`;
  return { webauthn_credential_updated: "Key renamed", webauthn_credential_deleted: "Key deleted" }[type] ?? type.replaceAll("_", " ");
}

const seenEntries = new Set();
function showAudit(entries) {
  const first = seenEntries.size === 0;
  $("audit-rows").replaceChildren(...entries.map((entry) => {
    const failed = /_(failed|rejected)$/.test(entry.type);
    const at = new Date(entry.created_at);
    const time = el("time", "", at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" }));
    time.dateTime = entry.created_at;
    time.title = `${at.toLocaleString()} · request ${entry.meta_http_request_id}`;
    const line = el("li", failed ? "failed" : "", time, el("span", "mark", failed ? "✕" : "✓"),
      el("span", "what", eventLabel(entry.type)), el("code", "kind", entry.type));
    const why = [entry.error, entry.error_code && `(${entry.error_code})`].filter(Boolean).join(" ");
    if (why) line.append(el("span", "why", why));
    if (!first && !seenEntries.has(entry.id)) line.classList.add("fresh");
    seenEntries.add(entry.id);
    return line;
  }));
}

const when = (time) => new Date(time).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

function button(text, label, onClick, className = "quiet") {
  const element = el("button", className, text);
  element.type = "button";
  element.setAttribute("aria-label", label);
  element.addEventListener("click", onClick);
  return element;
}

function showCredentials(list) {
  $("no-credentials").hidden = list.length > 0;
  $("credentials").replaceChildren(...list.map((item) => {
    const name = item.name ?? item.id.slice(0, 12);
    const used = item.last_used_at ? `last used ${when(item.last_used_at)}` : "not used yet";
    const tools = el("span", "tools");
    const line = el("li", "",
      el("span", "name", name, el("span", "kind", item.is_mfa ? "second factor" : "passkey")),
      el("span", "when", `Added ${when(item.created_at)} · ${used}${item.backup_state ? " · backed up" : ""}`), tools);
    const path = `credentials/${encodeURIComponent(item.id)}`;
    tools.append(
      button("Rename", `Rename ${name}`, () => renameForm(line, tools, path, name)),
      button("Delete", `Delete ${name}`, (event) => {
        // A second click on the same button confirms the action, because a dialogue would block the page.
        if (event.target.dataset.sure !== "yes") {
          event.target.dataset.sure = "yes";
          event.target.textContent = "Really delete?";
          event.target.setAttribute("aria-label", `Really delete ${name}?`);
          return;
        }
        act("credentials", event.target, "The key was not deleted", async (call) => {
          await signal(await call("DELETE", path));
          return { title: "Key deleted", text: `“${name}” can no longer be used.` };
        });
      }));
    return line;
  }));
}

function renameForm(line, tools, path, name) {
  const input = el("input");
  Object.assign(input, { id: "new-name", value: name, maxLength: 128, required: true, autocomplete: "off" });
  const label = el("label", "", "New name");
  label.htmlFor = input.id;
  const save = el("button", "primary", "Save");
  const form = el("form", "", el("div", "", label, input), save);
  document.querySelector(".keys form")?.remove();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act("credentials", save, "The key was not renamed", async (call) => {
      await call("PATCH", path, { name: input.value });
      return { title: "Key renamed", text: `Its name is now “${input.value.trim()}”.` };
    });
  });
  line.append(form);
  input.select();
}

// ---------------------------------------------------------------- State and actions

let session = null;

const HEADS = {
  out: ["A password, and then a key that cannot be phished.", "This page is a small application with its own accounts. Its backend uses Doorward for everything about passkeys, through the same REST API that yours would use. You see each call beside the action that made it."],
  factor: ["One lock is open. One to go.", "The application has checked the password. Doorward now asks your key to sign a new challenge, and reports to the application whether it did."],
  password: ["You are in, with a password alone.", "Anyone who learns that password can sign in as well. Add a second factor and sign in again to see the difference."],
  password_and_second_factor: ["You are in, with password and key.", "Doorward confirmed the second factor with a signed token. The application verified the token before it signed you in."],
  passkey: ["You are in, without a password.", "Your passkey identified you and proved it, in one step."],
};

/** Loads the visitor's state and shows the matching part of the page. */
async function refresh() {
  const { result } = await api("GET", "state");
  session = result.session;
  $("tenant-id").textContent = result.tenant_id;
  $("public-url").textContent = result.public_url;
  $("preset-name").textContent = result.preset.username;
  $("preset-password").textContent = result.preset.password;
  const waiting = session?.stage === "awaiting_second_factor";
  const view = !session ? "out" : waiting ? "factor" : "in";
  const changed = document.body.dataset.view !== view;
  document.body.dataset.view = view;
  for (const name of ["out", "factor", "in"]) $(`view-${name}`).hidden = name !== view;
  const [title, lead] = HEADS[view === "in" ? session.stage : view];
  $("title").textContent = title;
  $("lead").textContent = lead;
  $("who").hidden = view !== "in";
  $("who-name").textContent = session?.username ?? session?.user_id ?? "";
  $("audit").hidden = view !== "in";
  showSteps(view);
  if (changed) {
    clearOutcomes();
    for (const action of Object.keys(PLANS)) showCalls(action, action);
    if (view !== "in") seenEntries.clear();
  }
  if (view === "in") await Promise.all([loadCredentials(), loadAudit()]);
  return changed;
}

function showSteps(view) {
  const stage = session?.stage;
  const state = {
    "step-password": view === "out" ? "now" : stage === "passkey" ? "" : "done",
    "step-factor": view === "factor" ? "now" : stage === "passkey" || stage === "password_and_second_factor" ? "done" : "",
    "step-in": view === "in" ? "done" : "",
  };
  for (const [id, className] of Object.entries(state)) {
    $(id).className = className;
    $(id).querySelector(".dot").textContent = className === "done" ? "✓" : { "step-password": 1, "step-factor": 2, "step-in": 3 }[id];
    $(id).querySelector(".step-state").textContent = { done: "(done)", now: "(now)", "": "(open)" }[className];
  }
}

async function loadInto(action, path, show) {
  try {
    const { result, calls } = await api("GET", path);
    show(result);
    return calls;
  } catch (error) {
    const problem = problemOf(error);
    showProblem(card(action).querySelector(".outcome"), "The list could not be loaded", problem);
    return problem.calls;
  }
}
const loadAudit = async () => showCalls("audit", "audit", await loadInto("audit", "audit", showAudit));
async function loadCredentials(earlier = []) {
  const calls = await loadInto("credentials", "credentials", showCredentials);
  showCalls("credentials", "credentials", [...earlier, ...calls]);
}

/** Runs an action: collects its calls, shows its outcome, and reloads state, keys and audit log. */
async function act(action, pressed, failTitle, work) {
  if (pressed.getAttribute("aria-busy") === "true") return;
  pressed.setAttribute("aria-busy", "true");
  clearOutcomes();
  const calls = [];
  const call = async (method, path, body) => {
    const response = await api(method, path, body).catch((error) => {
      calls.push(...(error.calls ?? []));
      throw error;
    });
    calls.push(...(response.calls ?? []));
    return response.result;
  };
  let done;
  let problem;
  try {
    done = await work(call);
  } catch (error) {
    problem = problemOf(error);
  }
  const moved = await refresh().catch((error) => {
    problem ??= problemOf(error);
    return false;
  });
  pressed.removeAttribute("aria-busy");
  if (action === "credentials" && session) await loadCredentials(calls);
  else if (action) showCalls(moved ? "result" : action, action, calls);
  const place = (!moved && action && card(action).querySelector(".outcome")) || $("outcome");
  if (problem) showProblem(place, failTitle, problem);
  else if (done) {
    if (done.token !== undefined) showToken(done.token);
    showOutcome(place, "done", done.title, done.text);
    if (done.token) place.append(el("span", "code", tokenLink()));
  }
  if (moved) {
    $("title").focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  } else if (place === $("outcome")) {
    place.scrollIntoView({ block: "nearest" });
  }
}

/** Runs a ceremony: sends the initialize request, runs WebAuthn in the browser (`ask`), and sends the finalize request. */
async function ceremony(call, path, ask, order) {
  const { options } = await call("POST", `${path}/initialize`, order);
  return call("POST", `${path}/finalize`, await ask(options));
}

const onClick = (id, run) => $(id).addEventListener("click", (event) => run(event.currentTarget));
const nameAndPassword = () => ({ username: $("username").value, password: $("password").value });

async function enter(call, path) {
  const { stage } = await call("POST", path, nameAndPassword());
  $("password").value = "";
  return stage === "awaiting_second_factor"
    ? { title: "The password is right", text: "Now prove your second factor." }
    : { title: "Signed in", text: "With a password alone: this account has no second factor yet." };
}

$("form-sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  act("sign-in", $("sign-in"), "Not signed in", (call) => enter(call, "sign-in"));
});
onClick("sign-up", (pressed) => {
  if ($("form-sign-in").reportValidity()) act("sign-in", pressed, "The account was not created", (call) => enter(call, "sign-up"));
});
onClick("fill", () => {
  $("username").value = $("preset-name").textContent;
  $("password").value = $("preset-password").textContent;
  $("sign-in").focus();
});
const leave = (pressed) => act(null, pressed, "Not signed out", async (call) => {
  await call("POST", "sign-out");
  showToken(null);
  return { title: "Signed out" };
});
onClick("sign-out", leave);
onClick("give-up", leave);

onClick("passkey-login", (pressed) => act("passkey-login", pressed, "Not signed in", async (call) => {
  const { token } = await ceremony(call, "passkey/login", get);
  return { title: "Signed in with a passkey", text: "No password was needed.", token };
}));
onClick("factor-login", (pressed) => act("factor-login", pressed, "The second factor was refused", async (call) => {
  const { token } = await ceremony(call, "second-factor/login", get);
  return { title: "Signed in with both factors", text: "The password and your key. A signed token is the proof.", token };
}));
onClick("factor-register", (pressed) => act("factor-register", pressed, "No second factor was registered", async (call) => {
  const { token } = await ceremony(call, "second-factor/registration", create);
  return { title: "Second factor registered", text: "Sign out and in again to use it.", token };
}));
onClick("passkey-register", (pressed) => act("passkey-register", pressed, "No passkey was registered", async (call) => {
  const { token } = await ceremony(call, "passkey/registration", create);
  return { title: "Passkey registered", text: "Sign out, then sign in with it alone.", token };
}));
$("form-payment").addEventListener("submit", (event) => {
  event.preventDefault();
  const order = { recipient: $("recipient").value, amount: $("amount").value };
  act("payment", $("pay"), "The payment was not confirmed", async (call) => {
    const { token, payment } = await ceremony(call, "payment", get, order);
    return { title: `€${payment.amount} to ${payment.recipient} confirmed`, text: "Your passkey signed exactly this recipient and amount.", token };
  });
});

refresh().catch((error) => showProblem($("outcome"), "The page could not start", problemOf(error)));
