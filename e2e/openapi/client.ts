// Type-checked, not run: the client that openapi-typescript generates must fit openapi-fetch and the browser's types.

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/public.js";

const client = createClient<paths>({ baseUrl: "https://passkeys.example.com", headers: { apiKey: "dw_…" } });

/** Registers a second factor. The page passes the options to the browser without changes. */
export async function register(tenant_id: string, user_id: string): Promise<string> {
  const path = { tenant_id };
  const options = await client.POST("/{tenant_id}/mfa/registration/initialize", {
    params: { path },
    body: { user_id, username: "alice@example.com" },
  });
  if (options.error) throw new Error(options.error.code);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.data.publicKey);
  const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
  const body: components["schemas"]["RegistrationResponse"] = credential.toJSON();
  const result = await client.POST("/{tenant_id}/mfa/registration/finalize", { params: { path }, body });
  if (result.error) throw new Error(result.error.code);
  return result.data.token;
}

/** Logs in with a second factor. */
export async function login(tenant_id: string, user_id: string): Promise<string> {
  const path = { tenant_id };
  const options = await client.POST("/{tenant_id}/mfa/login/initialize", { params: { path }, body: { user_id } });
  if (options.error) throw new Error(options.error.code);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.data.publicKey);
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential;
  const body: components["schemas"]["AuthenticationResponse"] = credential.toJSON();
  const result = await client.POST("/{tenant_id}/mfa/login/finalize", { params: { path }, body });
  if (result.error) {
    const code: components["schemas"]["ErrorCode"] = result.error.code;
    throw new Error(code === "challenge_expired" ? "Try again." : code);
  }
  return result.data.token;
}

/** A discoverable login needs no body. Transaction data may be any JSON value. */
export async function others(tenant_id: string): Promise<void> {
  const path = { tenant_id };
  await client.POST("/{tenant_id}/login/initialize", { params: { path } });
  for (const transaction_data of ["text", 12.5, ["a"], { amount: "12.50" }]) {
    const body = { user_id: "42", transaction_id: "payment-7", transaction_data };
    await client.POST("/{tenant_id}/transaction/initialize", { params: { path }, body });
  }
  // @ts-expect-error `user_id` is required.
  await client.POST("/{tenant_id}/mfa/login/initialize", { params: { path }, body: {} });
}

/** Claims that a backend reads from a verified token. */
export const isSecondFactor = (claims: components["schemas"]["TokenClaims"]): boolean => claims.ceremony === "mfa";
