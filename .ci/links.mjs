// Checks that the targets of all relative links and anchors in Markdown files exist. Does not check links to websites,
// because CI must not depend on other servers.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"])
  .toString().split("\0").filter((file) => file && existsSync(file));

/** Removes fenced code blocks and code spans, in which brackets are not links. */
const prose = (text) => text.replace(/^( *)(```|~~~)[\s\S]*?^\1\2.*$/gm, "").replace(/`[^`\n]*`/g, "");

/** Returns the anchors that GitHub derives from headings, and the explicit anchors. */
function anchorsOf(text) {
  const anchors = new Set([...text.matchAll(/<a [^>]*(?:id|name)="([^"]+)"/g)].map(([, id]) => id));
  const seen = new Map();
  for (const [, heading] of text.replace(/^( *)(```|~~~)[\s\S]*?^\1\2.*$/gm, "").matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const plain = heading.replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = plain.replace(/[^\p{L}\p{N}\p{M}\-_ ]/gu, "").replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

const broken = [];
let checked = 0;
for (const file of files) {
  const text = prose(readFileSync(file, "utf8"));
  const targets = [
    ...[...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target]) => target),
    ...[...text.matchAll(/^ {0,3}\[[^\]]+\]: +<?(\S+?)>?(?: |$)/gm)].map(([, target]) => target),
    ...[...text.matchAll(/<(?:img|a|source)\b[^>]*(?:src|href|srcset)="([^"]+)"/g)].map(([, target]) => target),
  ];
  for (const target of targets) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
    checked += 1;
    const [path, anchor] = decodeURIComponent(target).split("#");
    const place = path ? normalize(join(path.startsWith("/") ? "." : dirname(file), path)) : file;
    if (!existsSync(place)) broken.push(`${file}: file not found: ${target}`);
    else if (anchor && statSync(place).isFile() && place.endsWith(".md") &&
      !anchorsOf(readFileSync(place, "utf8")).has(anchor)) {
      broken.push(`${file}: heading not found: ${target}`);
    }
  }
}
console.log(`   ${checked} relative links in ${files.length} Markdown files`);
if (broken.length > 0) {
  console.error(broken.join("\n"));
  process.exit(1);
}
