// Prints the bill of materials of both binaries as CycloneDX 1.5 JSON: every crate that is linked into one of them, with
// its licence and the checksum in Cargo.lock. Omits crates that only build scripts, macros and tests use, unless a build
// script puts files of the crate into a binary.
//   node .ci/sbom.mjs TIME    TIME: seconds since 1970, the time in the document
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const binaries = ["doorward-server", "doorward-admin-tui"];
const embedded = ["swagger-ui-redist"];
const time = new Date(Number(process.argv[2]) * 1000).toISOString();

const options = ["metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"];
const metadata = JSON.parse(execFileSync("cargo", options, { maxBuffer: 1 << 28 }));
const packages = new Map(metadata.packages.map((found) => [found.id, found]));
const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));

// [[package]] sections of Cargo.lock: name, version, and the SHA-256 of crates from the registry.
const checksums = new Map();
for (const section of readFileSync("Cargo.lock", "utf8").split("[[package]]")) {
    const field = (name) => section.match(new RegExp(`^${name} = "(.*)"$`, "m"))?.[1];
    checksums.set(`${field("name")} ${field("version")}`, field("checksum"));
}

const isMacro = (id) => packages.get(id).targets.some((target) => target.kind.includes("proc-macro"));
const linked = (id) => nodes.get(id).deps
    .filter((dep) => dep.dep_kinds.some(({ kind }) => kind === null) || embedded.includes(packages.get(dep.pkg).name))
    .filter((dep) => !isMacro(dep.pkg))
    .map((dep) => dep.pkg);

const seen = new Set();
const visit = (id) => {
    if (seen.has(id)) return;
    seen.add(id);
    linked(id).forEach(visit);
};
metadata.packages.filter(({ name }) => binaries.includes(name)).forEach(({ id }) => visit(id));

const reference = (id) => `pkg:cargo/${packages.get(id).name}@${encodeURIComponent(packages.get(id).version)}`;
const component = (id) => {
    const { name, version, license, repository } = packages.get(id);
    const checksum = checksums.get(`${name} ${version}`);
    return {
        type: "library",
        "bom-ref": reference(id),
        name,
        version,
        ...(checksum && { hashes: [{ alg: "SHA-256", content: checksum }] }),
        // In old manifests, a slash separates licences. SPDX uses `OR`.
        ...(license && { licenses: [{ expression: license.replace(/\s*\/\s*/g, " OR ") }] }),
        purl: reference(id),
        ...(repository && { externalReferences: [{ type: "vcs", url: repository }] }),
    };
};

const ids = [...seen].sort((one, other) => (reference(one) < reference(other) ? -1 : 1));
const components = ids.map(component);
const version = packages.get(ids.find((id) => packages.get(id).name === binaries[0])).version;
const subject = { type: "application", "bom-ref": `pkg:generic/doorward@${version}`, name: "doorward", version };
const dependencies = [
    { ref: subject["bom-ref"], dependsOn: ids.filter((id) => binaries.includes(packages.get(id).name)).map(reference) },
    ...ids.map((id) => ({ ref: reference(id), dependsOn: [...new Set(linked(id).map(reference))].sort() })),
];

// The same sources always yield the same serial number.
const digest = createHash("sha256").update(JSON.stringify([components, dependencies])).digest("hex");
const serial = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-4${digest.slice(13, 16)}-8${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
console.log(JSON.stringify({
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: { timestamp: time, component: subject },
    components,
    dependencies,
}, null, 1));
