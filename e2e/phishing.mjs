// What a phisher runs: a page at another address that passes everything on to the real application and back, and makes
// its requests look like the application's own. A password given here is lost; a passkey must not be.

import { once } from "node:events";
import { createServer, request } from "node:http";

/** Starts the relay on a free port of localhost. */
export async function startPhishing(target) {
  const { host, hostname, port, origin } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host };
    if (headers.origin) headers.origin = origin;
    const onward = request({ hostname, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
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

/** A page that shows the application inside its own frame. */
export async function startFraming(target) {
  const server = createServer((_, answer) => {
    answer.writeHead(200, { "Content-Type": "text/html" });
    answer.end(`<!doctype html><title>Prizes</title><iframe src="${target}" allow="publickey-credentials-get *"></iframe>`);
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
