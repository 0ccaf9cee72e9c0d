// The virtual authenticator of Chromium (WebAuthn §11), controlled through the browser's debugger.

/**
 * Adds an authenticator. By default, it is a security key with user verification that responds at once. Returns the
 * debugger session of the page and the id of the authenticator. `options` replace or extend the authenticator's properties.
 */
export async function addVirtualAuthenticator(page, options = {}) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "usb", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true, ...options,
    },
  });
  return { devtools, authenticatorId };
}
