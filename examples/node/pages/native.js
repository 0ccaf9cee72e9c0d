// WebAuthn with the browser's own JSON functions. `options.publicKey` comes from Doorward unchanged, and the result of
// toJSON() goes back unchanged.

import { start } from "/page.js";

start({
  async create(options) {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
    return (await navigator.credentials.create({ publicKey })).toJSON();
  },
  async get(options) {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
    return (await navigator.credentials.get({ publicKey })).toJSON();
  },
});
