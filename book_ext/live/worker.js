// One Python for the whole page. Everything comes from this folder, and nothing from any other.
import { loadPyodide } from "./pyodide.mjs";

const here = new URL("./", import.meta.url).href;
const outside = self.fetch;
let received = 0;

// Counts what has come, and hands out the packed Python unpacked, whatever the host compresses.
self.fetch = async (request, options) => {
  const address = String(request.url ?? request);
  const packed = address.endsWith("/pyodide.asm.wasm");
  const response = await outside(packed ? `${here}python.wasm.deflated` : request, options);
  if (!response.ok) return response;
  const counted = new TransformStream({
    transform(chunk, controller) {
      received += chunk.length;
      postMessage({ type: "progress", received });
      controller.enqueue(chunk);
    },
  });
  let body = response.body.pipeThrough(counted);
  if (packed) body = body.pipeThrough(new DecompressionStream("gzip"));
  const type = packed ? "application/wasm" : (response.headers.get("Content-Type") ?? "");
  return new Response(body, { headers: { "Content-Type": type } });
};

async function start() {
  const [python, course] = await Promise.all([
    loadPyodide({ indexURL: here, packageBaseUrl: here, packages: ["numpy"] }),
    fetch(`${here}course.zip`).then((response) => response.arrayBuffer()),
  ]);
  python.unpackArchive(course, "zip", { extractDir: "/lib/python3.14/site-packages" });
  const answering = python.pyimport("answering");
  answering.keep_to_python();
  for (const name of ["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "indexedDB", "caches"])
    Object.defineProperty(self, name, { value: undefined });
  postMessage({ type: "ready" });
  return answering.answered_as_json;
}

const ready = start();
ready.catch((error) => postMessage({ type: "failed", message: String(error.message ?? error) }));

self.onmessage = async ({ data }) => {
  const answered = await ready;
  let found;
  try {
    found = JSON.parse(answered(data.exercise, data.code, data.above));
  } catch (error) {
    // Python itself has stopped: recursion without end, no memory left, or os._exit.
    postMessage({ type: "stopped", id: data.id, message: String(error.message ?? error) });
    return;
  }
  postMessage({ type: "answered", id: data.id, found });
};
