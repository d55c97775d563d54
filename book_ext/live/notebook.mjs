// A reader's answers in the student edition of a chapter, and out of it again.

// The notebook with each answer in its cell; what a cell printed for the stub goes.
export function filled(text, answers) {
  const notebook = JSON.parse(text);
  for (const cell of notebook.cells) {
    const answer = answers[cell.metadata.exercise];
    const tags = cell.metadata.tags ?? [];
    if (answer !== undefined) cell.source = lines(answer);
    if (answer !== undefined || tags.includes("check")) {
      cell.outputs = [];
      cell.execution_count = null;
    }
  }
  return `${JSON.stringify(notebook, null, 1)}\n`;
}

// The answers in a notebook, by the mark of their cells or, where that was lost, by their function.
export function answersIn(text, exercises) {
  const cells = JSON.parse(text).cells?.filter((cell) => cell.cell_type === "code");
  if (!cells) throw new Error("it is no notebook.");
  const found = {};
  for (const id of exercises) {
    const definition = new RegExp(`^def ${id.split(".")[1]}\\(`, "m");
    const cell =
      cells.find(({ metadata }) => metadata?.exercise === id) ??
      cells.findLast(({ source }) => definition.test(joined(source)));
    if (cell) found[id] = joined(cell.source);
  }
  return found;
}

const joined = (source) => (Array.isArray(source) ? source.join("") : source);
const lines = (source) => source.split(/(?<=\n)/);
