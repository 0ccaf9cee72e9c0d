// Backend of the example. It has its own password step and uses Doorward for the second factor.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { Refusal, request, verify } from "./doorward.mjs";

const PORT = Number(process.env.PORT ?? 3000);
const FILES = {
  "/": ["pages/index.html", "text/html"],
  "/page.js": ["pages/page.js", "text/javascript"],
  "/native.js": ["pages/native.js", "text/javascript"],
  "/simplewebauthn": ["pages/simplewebauthn.html", "text/html"],
  "/simplewebauthn.js": ["pages/simplewebauthn.js", "text/javascript"],
  "/simplewebauthn-browser.js": ["node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js", "text/javascript"],
};

// Your application has its own accounts. `id` is stable and contains no personal data; it is Doorward's `user_id`.
const accounts = new Map([["alice", { id: "42", password: "correct horse" }]]);
// Session id → { user, name, level }. `level` is "password", then "mfa".
const sessions = new Map();

/** Returns whether the user may register a second factor: the user has proved one in this session, or has none yet. */
async function mayRegister({ user, level }) {
  return level === "mfa" || (await request("GET", `credentials?user_id=${encodeURIComponent(user)}`)).length === 0;
}

const actions = {
  async password(_, { name, password }) {
    const account = accounts.get(name);
    if (account?.password !== password) throw new Refusal({ status: 401, code: "password_wrong", title: "wrong password" });
    return { user: account.id, name, level: "password" };
  },
  async "register/options"(session) {
    if (!(await mayRegister(session))) throw new Refusal({ status: 403, code: "second_factor_needed", title: "log in first" });
    return request("POST", "mfa/registration/initialize", { user_id: session.user, username: session.name });
  },
  async "register/verify"(session, result) {
    if (!(await mayRegister(session))) throw new Refusal({ status: 403, code: "second_factor_needed", title: "log in first" });
    const { token } = await request("POST", "mfa/registration/finalize", result);
    await verify(token, "registration", session.user);
    return { registered: true };
  },
  async "login/options"({ user }) {
    return request("POST", "mfa/login/initialize", { user_id: user });
  },
  async "login/verify"(session, result) {
    const { token } = await request("POST", "mfa/login/finalize", result);
    await verify(token, "mfa", session.user);
    return { ...session, level: "mfa" };
  },
};

async function act(path, incoming, outgoing) {
  // Another site cannot send this content type without a preflight request, which this server does not accept.
  if (incoming.headers["content-type"] !== "application/json") return send(outgoing, 415, { code: "content_type" });
  let text = "";
  for await (const part of incoming) if ((text += part).length > 100_000) return send(outgoing, 413, { code: "too_large" });

  const cookie = /(?:^|; )session=([^;]+)/.exec(incoming.headers.cookie ?? "")?.[1];
  const session = sessions.get(cookie);
  if (!session && path !== "password") return send(outgoing, 401, { code: "no_session" });
  const result = await actions[path](session, JSON.parse(text));
  if (!result.level) return send(outgoing, 200, result);

  // Change the session id after each step of the login. An attacker who knew the id before the login cannot use it after.
  sessions.delete(cookie);
  const id = randomUUID();
  sessions.set(id, result);
  outgoing.setHeader("Set-Cookie", `session=${id}; HttpOnly; SameSite=Strict; Path=/`);
  return send(outgoing, 200, { name: result.name, level: result.level });
}

function send(outgoing, status, body) {
  outgoing.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

createServer(async (incoming, outgoing) => {
  const { pathname } = new URL(incoming.url, "http://localhost");
  const path = pathname.replace("/api/", "");
  try {
    if (incoming.method === "POST" && Object.hasOwn(actions, path)) return await act(path, incoming, outgoing);
    if (incoming.method !== "GET" || !Object.hasOwn(FILES, pathname)) return send(outgoing, 404, { code: "not_found" });
    const [file, type] = FILES[pathname];
    const content = await readFile(new URL(file, import.meta.url));
    return outgoing.writeHead(200, { "Content-Type": `${type}; charset=utf-8` }).end(content);
  } catch (error) {
    if (error instanceof Refusal) return send(outgoing, error.status, { code: error.code, message: error.message });
    console.error(error);
    return send(outgoing, 500, { code: "internal_error" });
  }
}).listen(PORT, "127.0.0.1", () => console.log(`open http://localhost:${PORT}`));
