// Runs a Python script with the book's own Python of the page, without a page.
// node in_page.mjs PACKAGE RUNTIME ROOT SCRIPT: prints what the script's `result` holds; `given` is
// what stands on the standard input.
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

// Node would print a whole minified file with an error.
process.on("uncaughtException", (error) => {
  console.error(String(error));
  process.exit(1);
});
const [, , pack, runtime, root, script] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${pack}/pyodide.mjs`));
const python = await loadPyodide({
  indexURL: pack,
  packageBaseUrl: runtime,
  stdLibURL: `${runtime}/python_stdlib.zip`,
  lockFileContents: readFileSync(`${runtime}/pyodide-lock.json`, "utf8"),
});
await python.loadPackage("numpy", { messageCallback: () => {} });
const course = new Uint8Array(readFileSync(`${runtime}/course.zip`));
python.unpackArchive(course, "zip", { extractDir: "/lib/python3.14/site-packages" });
python.FS.mkdir("/root");
python.mountNodeFS("/root", root);
python.runPython('import sys; sys.dont_write_bytecode = True; sys.path.append("/root")');
python.globals.set("given", await text(process.stdin));
python.runPython(readFileSync(script, "utf8"));
console.log(python.globals.get("result"));
