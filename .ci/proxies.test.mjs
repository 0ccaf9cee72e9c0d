// Runs a server behind nginx and behind Caddy, with the configurations of deploy/. Only names, ports and files are replaced.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import { createServer, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

const { DOORWARD_BIN, NGINX, CADDY, PROXY_LIBRARIES } = process.env;
const ORIGIN = "http://localhost:3000";
// Addresses of clients: all addresses in 127.0.0.0/8 belong to this machine, and only 127.0.0.1 is a trusted proxy.
const CLIENT = "127.0.0.2";
const SPOOFED = "203.0.113.9";

const folder = mkdtempSync(join(tmpdir(), "doorward-proxies-"));
const certificate = join(folder, "cert.pem");
const key = join(folder, "key.pem");
const processes = [];

function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], ...options });
  processes.push(child);
  return child;
}

async function freePort() {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address();
  await once(holder.close(), "close");
  return port;
}

/** Resolves when a proxy accepts connections on the port. Rejects if the proxy ends before that. */
async function listening(child, port) {
  let output = "";
  let code;
  child.stderr.on("data", (text) => { output += text; });
  child.once("exit", (status) => { code = status ?? "a signal"; });
  for (;;) {
    if (code !== undefined) throw new Error(`the proxy ended with ${code}:\n${output}`);
    const socket = connect(port, "127.0.0.1");
    const [event] = await Promise.race([
      once(socket, "connect").then(() => ["connect"]),
      once(socket, "close").then(() => ["close"], () => ["close"]),
    ]).catch(() => ["close"]);
    socket.destroy();
    if (event === "connect") return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Starts a server with these addresses. Returns its public address, its log lines, a tenant and an API key. */
async function startServer(name, addresses) {
  const settings = {
    PATH: process.env.PATH,
    DOORWARD_DATA_DIR: join(folder, name),
    DOORWARD_DRAIN: "0s",
    ...addresses,
  };
  const child = run(DOORWARD_BIN, ["serve"], { env: settings });
  const log = [];
  const started = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      log.push(JSON.parse(line));
      if (log.at(-1).message === "server started") resolve(log.at(-1));
      child.emit("log");
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const create = ["tenant", "create", "--name", "Shop", "--rp-id", "localhost", "--origin", ORIGIN, "--api-key", "--json"];
  const tenant = JSON.parse(execFileSync(DOORWARD_BIN, create, { env: settings }));
  return { child, log, address: started.public, tenant: tenant.id, apiKey: tenant.api_key.secret };
}

/** Replaces each text exactly. Fails if a text is missing, so that a changed configuration is noticed. */
function replaced(file, pairs) {
  return pairs.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `${file} does not contain: ${from}`);
    return text.replaceAll(from, to);
  }, readFileSync(file, "utf8"));
}

async function startNginx(upstream) {
  const [plain, tls] = [await freePort(), await freePort()];
  const site = replaced("deploy/nginx/doorward.conf", [
    ["server 127.0.0.1:8000", `server ${upstream}`],
    ["listen 80;", `listen 127.0.0.1:${plain};`],
    ["    listen [::]:80;\n", ""],
    ["listen 443 ssl http2;", `listen 127.0.0.1:${tls} ssl http2;`],
    ["    listen [::]:443 ssl http2;\n", ""],
    ["passkeys.example.com", "localhost"],
    ["/etc/ssl/passkeys.pem", certificate],
    ["/etc/ssl/passkeys.key", key],
  ]);
  writeFileSync(join(folder, "site.conf"), site);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`);
  writeFileSync(join(folder, "nginx.conf"), `
    ${process.getuid() === 0 ? "user root;" : ""}
    daemon off; pid ${folder}/nginx.pid; error_log stderr;
    events {}
    http { access_log off; ${temporary.join(" ")} include ${folder}/site.conf; }`);
  const child = run(NGINX, ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"], {
    env: { ...process.env, LD_LIBRARY_PATH: PROXY_LIBRARIES },
  });
  await listening(child, tls);
  return { plain, tls };
}

async function startCaddy(upstream) {
  const [plain, tls] = [await freePort(), await freePort()];
  const site = replaced("deploy/caddy/Caddyfile", [
    ["127.0.0.1:8000", upstream],
    ["\npasskeys.example.com {\n", `\n{\n\tadmin off\n\thttp_port ${plain}\n\thttps_port ${tls}\n}\nlocalhost {\n\ttls ${certificate} ${key}\n`],
  ]);
  const file = join(folder, "Caddyfile");
  writeFileSync(file, site);
  const child = run(CADDY, ["run", "--config", file, "--adapter", "caddyfile"], {
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  await listening(child, tls);
  return { plain, tls };
}

/** Sends a request from CLIENT. Returns the status, the headers and the JSON body. */
function send(client, port, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", servername: "localhost", port, path, method, localAddress: CLIENT, ca: readFileSync(certificate) };
    const request = client.request({ ...options, headers: { host: "localhost", ...headers } }, (response) => {
      let text = "";
      response.on("data", (part) => { text += part; });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Resolves to the line about a request in the log of a server. */
async function logged(server, id) {
  for (;;) {
    const line = server.log.find((fields) => fields.request_id === id);
    if (line) return line;
    await once(server.child, "log");
  }
}

async function usesHttp2(port) {
  const session = http2.connect(`https://localhost:${port}`, { ca: readFileSync(certificate) });
  const stream = session.request({ ":path": "/health/alive" });
  const [headers] = await once(stream, "response");
  session.destroy();
  return headers[":status"] === 200;
}

before(async () => {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", certificate], { stdio: "ignore" });
});

after(async () => {
  for (const child of processes) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true });
});

const PORTS = { DOORWARD_PUBLIC_ADDR: "127.0.0.1:0", DOORWARD_ADMIN_ADDR: "127.0.0.1:0", DOORWARD_TRUSTED_PROXIES: "127.0.0.1" };
// Clients of a Unix socket are trusted without a setting.
const SOCKETS = { DOORWARD_PUBLIC_ADDR: `unix:${folder}/public.sock`, DOORWARD_ADMIN_ADDR: `unix:${folder}/admin.sock` };

// The notation for the address of a Unix socket differs between the proxies.
for (const [name, start, ofSocket] of [
  ["nginx", startNginx, (address) => address],
  ["Caddy", startCaddy, (address) => address.replace("unix:", "unix/")],
]) for (const [place, addresses] of [["a port", PORTS], ["a Unix socket", SOCKETS]]) {
  test(`${name} in front of ${place} terminates TLS and passes on the addresses of clients`, { timeout: 60_000 }, async (t) => {
    const server = await startServer(`${name} ${place}`, addresses);
    t.after(async () => {
      server.child.kill("SIGTERM");
      if (server.child.exitCode === null) await once(server.child, "exit");
    });
    const upstream = server.address.startsWith("unix:") ? ofSocket(server.address) : server.address;
    const { plain, tls } = await start(upstream);

    await t.test("all ceremonies succeed", async () => {
      const probe = ["probe", "--url", `https://localhost:${tls}`, "--tenant", server.tenant, "--origin", ORIGIN];
      const env = { PATH: process.env.PATH, DOORWARD_API_KEY: server.apiKey, SSL_CERT_FILE: certificate };
      await promisify(execFile)(DOORWARD_BIN, probe, { env });
    });

    await t.test("the server logs the client's address, not one that the client states", async () => {
      const path = `/${server.tenant}/credentials?user_id=alice`;
      const response = await send(https, tls, path, { headers: { "x-forwarded-for": SPOOFED, apiKey: "wrong" } });
      assert.equal(response.status, 401);
      assert.equal((await logged(server, response.headers["x-request-id"])).client, CLIENT);
      assert.match(response.headers["strict-transport-security"], /max-age=31536000/);
    });

    await t.test("HTTP/2 is supported", async () => assert.ok(await usesHttp2(tls)));

    await t.test("plain HTTP is redirected", async () => {
      const response = await send(http, plain, "/health/alive");
      assert.equal(response.status, 308);
      assert.match(response.headers.location, /^https:\/\/localhost/);
    });

    await t.test("a body above the limit is refused", async () => {
      const body = JSON.stringify({ user_id: "x".repeat(300 * 1024) });
      const headers = { apiKey: server.apiKey, "content-type": "application/json", "content-length": body.length };
      const response = await send(https, tls, `/${server.tenant}/login/initialize`, { method: "POST", headers, body });
      assert.equal(response.status, 413);
    });

    await t.test("the admin API is not published", async () => {
      assert.equal((await send(https, tls, "/tenants")).status, 404);
    });
  });
}
