// A software authenticator with ES256, discoverable and other credentials, and attestation "none". It takes the JSON
// options of the API and returns JSON responses, as toJSON() of a browser does (WebAuthn §5.1).

import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** Encodes CBOR (RFC 8949): only the types of an attestation object (integers, byte strings, text strings and maps). */
export function cbor(value) {
  if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === "string") return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) return Buffer.concat([head(5, value.size), ...[...value].flat().map(cbor)]);
  throw new TypeError(`cannot encode ${typeof value} as CBOR`);
}

function head(major, argument) {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 0x100) return Buffer.from([(major << 5) | 24, argument]);
  if (argument < 0x10000) return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff]);
  throw new RangeError("the value is too long");
}

const FLAGS = { present: 0x01, verified: 0x04, attested: 0x40 };
const AAGUID = Buffer.alloc(16);

export class Authenticator {
  #credentials = [];

  /** @param {string} origin origin of the calling page */
  constructor(origin) {
    this.origin = origin;
  }

  /** Performs `navigator.credentials.create()`. `changes` overrides members of the client data. */
  create({ publicKey: options }, changes = {}) {
    if (!options.pubKeyCredParams.some(({ alg }) => alg === -7)) throw new Error("ES256 is not offered");
    const known = new Set((options.excludeCredentials ?? []).map(({ id }) => id));
    if (this.#credentials.some(({ id }) => known.has(base64url(id)))) throw new Error("InvalidStateError");

    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const credential = {
      id: randomBytes(32),
      rpId: options.rp.id,
      userHandle: options.user.id,
      discoverable: options.authenticatorSelection.residentKey !== "discouraged",
      privateKey,
      counter: 0,
    };
    this.#credentials.push(credential);

    const { x, y } = publicKey.export({ format: "jwk" });
    const cose = cbor(new Map([[1, 2], [3, -7], [-1, 1], [-2, Buffer.from(x, "base64url")], [-3, Buffer.from(y, "base64url")]]));
    const length = Buffer.from([credential.id.length >> 8, credential.id.length & 0xff]);
    const authData = Buffer.concat([this.#authData(credential, FLAGS.attested), AAGUID, length, credential.id, cose]);
    const attestation = cbor(new Map([["fmt", "none"], ["attStmt", new Map()], ["authData", authData]]));
    return this.#response(credential, {
      clientDataJSON: this.#clientData("webauthn.create", options.challenge, changes),
      attestationObject: base64url(attestation),
      transports: ["usb"],
    });
  }

  /** Performs `navigator.credentials.get()`. */
  get({ publicKey: options }, changes = {}) {
    const allowed = options.allowCredentials?.map(({ id }) => id);
    const credential = this.#credentials.findLast(({ id, rpId, discoverable }) =>
      rpId === options.rpId && (allowed ? allowed.includes(base64url(id)) : discoverable));
    if (!credential) throw new Error("NotAllowedError: no matching credential");
    credential.counter += 1;

    const clientDataJSON = this.#clientData("webauthn.get", options.challenge, changes);
    const authenticatorData = this.#authData(credential, 0);
    const signed = Buffer.concat([authenticatorData, sha256(Buffer.from(clientDataJSON, "base64url"))]);
    return this.#response(credential, {
      clientDataJSON,
      authenticatorData: base64url(authenticatorData),
      signature: base64url(sign("sha256", signed, credential.privateKey)),
      userHandle: credential.discoverable ? credential.userHandle : undefined,
    });
  }

  #authData({ rpId, counter }, extra) {
    const data = Buffer.alloc(37);
    sha256(rpId).copy(data);
    data[32] = FLAGS.present | FLAGS.verified | extra;
    data.writeUInt32BE(counter, 33);
    return data;
  }

  #clientData(type, challenge, changes) {
    return base64url(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false, ...changes }));
  }

  #response({ id }, response) {
    return {
      id: base64url(id),
      rawId: base64url(id),
      type: "public-key",
      authenticatorAttachment: "cross-platform",
      clientExtensionResults: {},
      response,
    };
  }
}
