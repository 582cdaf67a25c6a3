// Answers questions about payloads with the page's functions, for the tests.
//
// Run as `node ask.mjs FOLDER` with FOLDER the page's scripts. Reads lines
// {"payload": ..., "terms": true, "questions": [[name of a function, its arguments after the
// model...], ...]} and answers each with a line, the list of what the functions return, {"error":
// message} where one throws. Long lists of terms are left out unless "terms" is true. JSON has no
// NaN and no infinity: they are written as text.

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(`${process.argv[2]}/`);
const functions = {};
for (const name of ["model", "windows", "terms", "compute", "forward"]) {
  Object.assign(functions, await import(new URL(`${name}.js`, folder)));
}

function answer({ payload, terms, questions }) {
  const model = functions.readModel(payload);
  return questions.map(([name, ...args]) =>
    orError(() => {
      const result = functions[name](model, ...args);
      return terms || result.terms === undefined ? result : { ...result, terms: undefined };
    }),
  );
}

function orError(compute) {
  try {
    return compute();
  } catch (error) {
    return { error: error.message };
  }
}

function writable(_, value) {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = orError(() => answer(JSON.parse(line)));
  process.stdout.write(`${JSON.stringify(answers, writable)}\n`);
}
