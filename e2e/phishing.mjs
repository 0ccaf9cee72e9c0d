// A phishing proxy: a server at another address that forwards all requests to the real application and replaces their
// origin. It can steal a password, but must not be able to use a passkey.

import { once } from "node:events";
import { createServer, request } from "node:http";

/** Starts the proxy on a free port of localhost. */
export async function startPhishing(target) {
  const { host, hostname, port, origin } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host };
    if (headers.origin) headers.origin = origin;
    const forwarded = request({ hostname, port, method: incoming.method, path: incoming.url, headers }, (response) => {
      outgoing.writeHead(response.statusCode, response.headers);
      response.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await once(server.listen(0, "localhost"), "listening");
  return {
    url: `http://localhost:${server.address().port}`,
    stop: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}

/** Starts a page that shows the application in a frame. */
export async function startFraming(target) {
  const server = createServer((_, response) => {
    response.writeHead(200, { "Content-Type": "text/html" });
    response.end(`<!doctype html><title>Prizes</title><iframe src="${target}" allow="publickey-credentials-get *"></iframe>`);
  });
  await once(server.listen(0, "localhost"), "listening");
  return {
    url: `http://localhost:${server.address().port}`,
    stop: async () => {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}
