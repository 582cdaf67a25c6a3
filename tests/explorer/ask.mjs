// Answers questions about payloads with the page's functions, for the tests.
//
// Run as `node ask.mjs FOLDER` with FOLDER the page's scripts. Reads from standard input
// {"payload": ..., "questions": [[name of a function, its arguments after the model...], ...]} and
// writes the list of answers. JSON has no NaN and no infinity: they are written as text.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const functions = {};
for (const name of ["model", "windows", "terms", "compute", "forward"]) {
  Object.assign(functions, await import(new URL(`${name}.js`, folder)));
}

const { payload, questions } = JSON.parse(readFileSync(0, "utf8"));
const model = functions.readModel(payload);
const answers = questions.map(([name, ...args]) => {
  try {
    return functions[name](model, ...args);
  } catch (error) {
    return { error: error.message };
  }
});
const writable = (_, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
process.stdout.write(JSON.stringify(answers, writable));
