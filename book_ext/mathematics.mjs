// Typesets formulas with MathJax's own files. Read: [[tex, display], …]; printed: their HTML, and
// the styles that all of them need.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder, fonts] = process.argv.slice(2);
const MathJax = await createRequire(import.meta.url)(`${folder}/node-main.js`).init({
  loader: {
    load: ["input/tex", "output/chtml", "adaptors/liteDOM", "a11y/assistive-mml"],
    paths: { mathjax: folder },
    // Of one part it cannot tell the version, and says so.
    versionWarnings: false,
  },
  // Otherwise what it does not know is shown in red and is no error.
  tex: { packages: { "[-]": ["noundefined"] } },
  // Letters of formulas are smaller than those of texts by so much.
  chtml: { fontURL: fonts, scale: 1.15 },
  options: { enableAssistiveMml: true },
});
const { adaptor } = MathJax.startup;
const html = [];
for (const [tex, display] of JSON.parse(readFileSync(0, "utf8")))
  html.push(adaptor.outerHTML(await MathJax.tex2chtmlPromise(tex, { display })));
const styles = adaptor.textContent(MathJax.chtmlStylesheet());
process.stdout.write(JSON.stringify({ html, styles }));
