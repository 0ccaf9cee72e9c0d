// The software authenticator as a process, for clients in other languages. Reads one JSON object per line from standard
// input, `{"create": options}` or `{"get": options}`, and writes the browser's response as one line.
//   node authenticator-process.mjs ORIGIN

import { createInterface } from "node:readline";

import { Authenticator } from "./authenticator.mjs";

const authenticator = new Authenticator(process.argv[2]);
for await (const line of createInterface({ input: process.stdin })) {
  const { create, get } = JSON.parse(line);
  console.log(JSON.stringify(create ? authenticator.create(create) : authenticator.get(get)));
}
