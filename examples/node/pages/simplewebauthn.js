// WebAuthn with @simplewebauthn/browser, which also supports older browsers.

import { start } from "/page.js";

const { startRegistration, startAuthentication } = SimpleWebAuthnBrowser;

start({
  create: (options) => startRegistration({ optionsJSON: options.publicKey }),
  get: (options) => startAuthentication({ optionsJSON: options.publicKey }),
});
