// Doorward's API, as a backend uses it: requests with the API key, and verification of tokens.

import { createRemoteJWKSet, jwtVerify } from "jose";

const { SERVER = "http://127.0.0.1:8000", TENANT, KEY, RP_ID = "localhost", ISSUER = "doorward" } = process.env;
if (!TENANT || !KEY) throw new Error("set TENANT and KEY to the id and the API key that `doorward tenant create` printed");

/** Error response of Doorward. `code` is stable; docs/errors.md lists all codes. */
export class Refusal extends Error {
  constructor({ status, code, title, details }) {
    super(details || title);
    Object.assign(this, { status, code });
  }
}

/** Sends a request of the backend. Keep the key here: a page must never have it. */
export async function request(method, path, body) {
  const response = await fetch(`${SERVER}/${TENANT}/${path}`, {
    method,
    headers: { apiKey: KEY, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Refusal(await response.json());
  return response.json();
}

// Fetches the tenant's public keys, and keeps them for 10 minutes.
const keys = createRemoteJWKSet(new URL(`${SERVER}/${TENANT}/.well-known/jwks.json`));

/**
 * Verifies a token: signature, algorithm, expiry, issuer, audience, ceremony and user. A token of a registration does not
 * prove a login, and a token of another user proves nothing about the user of this session.
 */
export async function verify(token, ceremony, userId) {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ["ES256", "RS256", "EdDSA"],
    audience: RP_ID,
    issuer: ISSUER,
    subject: userId,
  });
  if (payload.ceremony !== ceremony) throw new Error(`the token is for ${payload.ceremony}, not for ${ceremony}`);
  return payload;
}

/**
 * Like `verify`, for a token that a page hands to this backend: Doorward accepts each token once, and refuses a copy with
 * 409 `token_already_redeemed`. This example does not need it, because its backend calls finalize itself.
 */
export async function redeem(token, ceremony, userId) {
  const claims = await request("POST", "token/redeem", { token });
  const isExpected = claims.ceremony === ceremony && claims.sub === userId && claims.aud[0] === RP_ID;
  if (!isExpected) throw new Error("the token belongs to another ceremony, user or relying party");
  return claims;
}
