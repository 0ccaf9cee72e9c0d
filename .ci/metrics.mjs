// Starts a server, runs the probe, and checks that /metrics contains every metric that deploy/ uses.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const binary = process.env.DOORWARD_BIN;
// Metrics that this server does not return: a metric of Prometheus itself, the metric of scheduled probes (tested in
// server/tests/probe.rs), and metrics that need PostgreSQL or TLS.
const elsewhere = new Set([
    "up",
    "doorward_probe_success",
    "doorward_database_connected",
    "doorward_tls_certificate_expiry_timestamp_seconds",
]);

const data = mkdtempSync(join(tmpdir(), "doorward-metrics-"));
const settings = {
    PATH: process.env.PATH,
    DOORWARD_DATA_DIR: data,
    DOORWARD_PUBLIC_ADDR: "127.0.0.1:0",
    DOORWARD_ADMIN_ADDR: "127.0.0.1:0",
    DOORWARD_DRAIN: "0s",
    DOORWARD_BACKUP_EVERY: "1h",
    DOORWARD_AUDIT_FORWARD: `file:${join(data, "audit.ndjson")}`,
};
const server = spawn(binary, ["serve"], { env: settings, stdio: ["ignore", "ignore", "pipe"] });
try {
    const started = await new Promise((resolve, reject) => {
        createInterface({ input: server.stderr }).on("line", (line) => {
            const fields = JSON.parse(line);
            if (fields.message === "server started") resolve(fields);
        });
        server.on("exit", (code) => reject(new Error(`the server ended with code ${code}`)));
    });
    const create = ["tenant", "create", "--name", "Metrics", "--rp-id", "localhost", "--origin", "http://localhost:8080"];
    const tenant = JSON.parse(execFileSync(binary, [...create, "--api-key", "--json"], { env: settings }));
    execFileSync(binary, ["probe", "--url", `http://${started.public}`, "--tenant", tenant.id, "--origin", "http://localhost:8080"], {
        env: { ...settings, DOORWARD_API_KEY: tenant.api_key.secret },
        stdio: "ignore",
    });
    const token = readFileSync(join(data, "admin.token"), "utf8").trim();
    const read = async () => {
        const response = await fetch(`http://${started.admin}/metrics`, { headers: { authorization: `Bearer ${token}` } });
        return response.text();
    };
    const used = new Set();
    for (const file of ["prometheus/alerts.yml", "grafana/doorward.json"]) {
        const text = readFileSync(join("deploy", file), "utf8");
        for (const [name] of text.matchAll(/\b(?:doorward|process)_[a-z_]+\b(?=\\?\{|\[)/g)) used.add(name);
    }
    if (used.size < 15) throw new Error(`only ${used.size} metrics were found in deploy/`);
    const missing = (text) => [...used].filter((name) => !elsewhere.has(name) && !text.includes(`\n${name}{`) && !text.includes(`\n${name} `));
    // The server fills histograms every five seconds.
    const deadline = Date.now() + 30_000;
    let absent = missing(await read());
    while (absent.length > 0 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        absent = missing(await read());
    }
    if (absent.length > 0) throw new Error(`deploy/ uses metrics that the server does not return: ${absent.join(", ")}`);
    console.log(`the server returns all ${used.size} metrics that deploy/ uses`);
} finally {
    server.kill("SIGTERM");
    rmSync(data, { recursive: true, force: true });
}
