// Existing clients that use another base URL: @teamhanko/passkeys-sdk and @teamhanko/passkeys-next-auth-provider.
// jose verifies the tokens of the logins, as in the backend of an application.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";

import PasskeyProvider, { ErrorCode, tenant as providerTenant } from "@teamhanko/passkeys-next-auth-provider";
import { tenant as sdkTenant } from "@teamhanko/passkeys-sdk";
import { createRemoteJWKSet, jwtVerify } from "jose";

import { Authenticator } from "./authenticator.mjs";
import { startServer } from "./server.mjs";

let server;
let tenant;
let verify;

before(async () => {
  server = await startServer();
  const config = { baseUrl: server.public_url, apiKey: server.api_key, tenantId: server.tenant_id };
  tenant = sdkTenant(config);
  const keys = createRemoteJWKSet(new URL(`${server.public_url}/${server.tenant_id}/.well-known/jwks.json`));
  verify = async ({ token }) =>
    (await jwtVerify(token, keys, { audience: "localhost", algorithms: ["ES256"], typ: "JWT" })).payload;
});
after(() => server?.stop());

/** Creates a user with a unique id and an authenticator for the tenant's origin. */
const newUser = () => ({ userId: randomUUID(), authenticator: new Authenticator(server.demo_url) });

async function register({ userId, authenticator }) {
  const options = await tenant.registration.initialize({ userId, username: "Ada", displayName: "Ada Lovelace" });
  return tenant.registration.finalize(authenticator.create(options));
}

/** Returns the error body of a refused request, which the SDK stores in `originalError`. */
async function refusal(promise) {
  const error = await promise.then(() => assert.fail("the request was not refused"), (error) => error);
  assert.match(error.message, /^Request failed/, error.stack);
  return error.originalError;
}

async function request(method, path, body, headers = {}) {
  const response = await fetch(`${server.public_url}/${server.tenant_id}/${path}`, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text && JSON.parse(text) };
}

describe("passkeys-sdk", () => {
  test("registers a passkey", async () => {
    const user = newUser();
    const options = await tenant.registration.initialize({ userId: user.userId, username: "Ada", displayName: "Ada L." });
    assert.equal(Buffer.from(options.publicKey.user.id, "base64url").toString(), user.userId);
    assert.equal(options.publicKey.user.displayName, "Ada L.");
    assert.equal(options.publicKey.rp.id, "localhost");
    const credential = user.authenticator.create(options);
    const claims = await verify(await tenant.registration.finalize(credential));
    assert.equal(claims.sub, user.userId);
    assert.deepEqual(claims.aud, ["localhost"]);
    assert.equal(claims.cred, credential.id);
    assert.equal(claims.exp - claims.iat, 300);
    assert.equal(claims.ceremony, "registration");
  });

  test("signs in with a discoverable passkey; initialize sends an empty body", async () => {
    const user = newUser();
    await register(user);
    const options = await tenant.login.initialize();
    assert.equal(options.publicKey.allowCredentials, undefined);
    const claims = await verify(await tenant.login.finalize(user.authenticator.get(options)));
    assert.equal(claims.sub, user.userId);
    assert.equal(claims.ceremony, "login");
    assert.equal(claims.uv, true);
  });

  test("signs in a named user", async () => {
    const user = newUser();
    await register(user);
    // The SDK has no method for this request, but its documentation describes it.
    const { status, body } = await request("POST", "login/initialize", { user_id: user.userId }, { apiKey: server.api_key });
    assert.equal(status, 200);
    assert.equal(body.publicKey.allowCredentials.length, 1);
    const claims = await verify(await tenant.login.finalize(user.authenticator.get(body)));
    assert.equal(claims.sub, user.userId);
    const anonymous = await request("POST", "login/initialize", { user_id: user.userId });
    assert.equal(anonymous.status, 401);
    assert.equal(anonymous.body.title, "api key is missing");
  });

  test("registers and uses a second factor", async () => {
    const { userId, authenticator } = newUser();
    const { mfa } = tenant.user(userId);
    const created = await mfa.registration.initialize({ username: "Ada" });
    const registration = await verify(await mfa.registration.finalize(authenticator.create(created)));
    assert.equal(registration.sub, userId);
    const options = await mfa.login.initialize();
    const login = await verify(await mfa.login.finalize(authenticator.get(options)));
    assert.equal(login.sub, userId);
    assert.equal(login.ceremony, "mfa");
    const [credential] = await tenant.user(userId).credentials();
    assert.equal(credential.is_mfa, true);
  });

  test("rejects a second factor as a passkey", async () => {
    const { userId, authenticator } = newUser();
    const { mfa } = tenant.user(userId);
    await mfa.registration.finalize(authenticator.create(await mfa.registration.initialize({ username: "Ada" })));
    const error = await refusal(tenant.login.finalize(authenticator.get(await mfa.login.initialize())));
    assert.equal(error.status, 401);
    assert.equal(error.code, "challenge_unknown");
  });

  test("returns one token per challenge", async () => {
    const user = newUser();
    await register(user);
    const assertion = user.authenticator.get(await tenant.login.initialize());
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => tenant.login.finalize(assertion)));
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  });

  test("rejects another origin and returns the reason", async () => {
    const user = newUser();
    await register(user);
    const assertion = user.authenticator.get(await tenant.login.initialize(), { origin: "http://localhost:1" });
    const error = await refusal(tenant.login.finalize(assertion));
    assert.equal(error.status, 401);
    assert.equal(error.title, "failed to validate assertion");
    assert.equal(error.code, "origin_mismatch");
  });

  test("lists and removes credentials", async () => {
    const user = newUser();
    await register(user);
    const credentials = await tenant.user(user.userId).credentials();
    assert.equal(credentials.length, 1);
    const [credential] = credentials;
    assert.equal(credential.user_id, user.userId);
    assert.equal(credential.is_mfa, false);
    assert.equal(credential.attestation_type, "none");
    assert.ok(credential.name);
    await tenant.credential(credential.id).remove();
    assert.deepEqual(await tenant.user(user.userId).credentials(), []);
    const error = await refusal(tenant.credential(credential.id).remove());
    assert.equal(error.status, 404);
  });

  test("returns the signing keys", async () => {
    const { keys } = await tenant.jwks();
    assert.ok(keys.length >= 1);
    for (const key of keys) {
      assert.ok(key.kid && key.kty && key.alg);
      assert.equal(key.use, "sig");
      assert.equal(key.d, undefined);
    }
  });

  test("rejects a wrong API key", async () => {
    const other = sdkTenant({ baseUrl: server.public_url, apiKey: "wrong", tenantId: server.tenant_id });
    const error = await refusal(other.user("ada").credentials());
    assert.equal(error.status, 401);
    assert.equal(error.title, "The api key is invalid");
  });
});

describe("passkeys-next-auth-provider", () => {
  const provider = (authorize) => PasskeyProvider({
    tenant: providerTenant({ baseUrl: server.public_url, apiKey: server.api_key, tenantId: server.tenant_id }),
    authorize,
  });

  test("authorises a user with the token of a login", async () => {
    const user = newUser();
    await register(user);
    const { token } = await tenant.login.finalize(user.authenticator.get(await tenant.login.initialize()));
    assert.deepEqual(await provider().authorize({ finalizeJWT: token }), { id: user.userId });
    const named = await provider(({ userId, token }) => ({ id: userId, name: "Ada", cred: token.cred }))
      .authorize({ finalizeJWT: token });
    assert.equal(named.name, "Ada");
    assert.ok(named.cred);
  });

  test("accepts tokens of every ceremony unless `authorize` checks them", async () => {
    const user = newUser();
    const { token: registration } = await register(user);
    assert.deepEqual(await provider().authorize({ finalizeJWT: registration }), { id: user.userId }, "the unchanged provider");
    // docs/integration.md shows this check.
    const checked = provider(async ({ userId, token }) => {
      const isLogin = token.ceremony === "login" && token.aud?.[0] === "localhost" && token.iss === "doorward";
      return isLogin ? { id: userId } : null;
    });
    const { mfa } = tenant.user(user.userId);
    const second = await mfa.login.finalize(user.authenticator.get(await mfa.login.initialize()));
    for (const token of [registration, second.token]) assert.equal(await checked.authorize({ finalizeJWT: token }), null);
    const login = await tenant.login.finalize(user.authenticator.get(await tenant.login.initialize()));
    assert.deepEqual(await checked.authorize({ finalizeJWT: login.token }), { id: user.userId });
  });

  test("rejects a modified token", async () => {
    const user = newUser();
    const { token } = await register(user);
    const [header, claims, signature] = token.split(".");
    const other = JSON.parse(Buffer.from(claims, "base64url"));
    other.sub = "mallory";
    const forged = [header, Buffer.from(JSON.stringify(other)).toString("base64url"), signature].join(".");
    await assert.rejects(provider().authorize({ finalizeJWT: forged }), { code: ErrorCode.JWTVerificationFailed });
    await assert.rejects(provider().authorize({}), /No JWT provided/);
  });
});
