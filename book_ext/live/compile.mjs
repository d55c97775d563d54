// Turns Python sources into the byte code that Pyodide's own Python imports, without docstrings.
// node compile.mjs PYODIDE FROM TO: every zip in the folder FROM becomes one of that name in TO.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Node would print a whole minified file with an error.
process.on("uncaughtException", (error) => {
  console.error(String(error));
  process.exit(1);
});
const [, , pyodide, from, to] = process.argv;
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: pyodide, packageBaseUrl: pyodide });
python.runPython(`
import importlib._bootstrap_external as bootstrap
import io
import zipfile

def compiled(data):
    """The same files always give the same bytes: no times, and byte code that is not checked."""
    given, out = io.BytesIO(data.to_bytes()), io.BytesIO()
    with zipfile.ZipFile(given) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            content, name = source.read(entry), entry.filename
            if name.endswith(".py"):
                code = compile(content, name, "exec", dont_inherit=True, optimize=2)
                content, name = bootstrap._code_to_hash_pyc(code, bytes(8), False), name + "c"
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, content, compresslevel=9)
    return out.getvalue()
`);
const compiled = python.globals.get("compiled");
mkdirSync(to, { recursive: true });
for (const name of readdirSync(from))
  writeFileSync(`${to}/${name}`, compiled(new Uint8Array(readFileSync(`${from}/${name}`))).toJs());
