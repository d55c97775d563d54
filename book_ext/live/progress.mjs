// The page "Your progress": what is solved, what to ask again, and a copy of it to take along.

export function showProgress({ root, make, write, t, memory, quizzes, place }) {
  const said = make("p", {});
  said.setAttribute("aria-live", "polite");
  const table = make("table", {});
  const review = make("div", {});
  // Asked for once: what is erased or read is then seen together with the sentence that says so.
  const listed = fetch(new URL("progress.json", import.meta.url)).then((r) => r.json());
  place.append(table, make("h2", {}, t("Asked again")), review, copies(), said);
  show();

  async function show() {
    const chapters = await listed;
    const heads = [t("chapter"), t("exercises"), t("seen"), t("quiz")];
    const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
    table.replaceChildren(make("thead", {}, head), make("tbody", {}, ...chapters.map(row)));
    reviewed(chapters);
  }

  const share = (count, n) => t("{count} of {n}", { count, n });

  function row({ page, title, exercises, questions }) {
    const states = exercises.map(({ id, version }) => memory.state(id, version));
    const count = (state) => states.filter((one) => one === state).length;
    const known = questions.map(({ text }) => quizzes.get(`${page}: ${text}`).first?.isRight);
    const link = make("a", { href: new URL(`${page}.html`, root) }, title);
    const cells = [
      states.length ? share(count("solved"), states.length) : "–",
      count("seen") || "–",
      questions.length ? share(known.filter(Boolean).length, questions.length) : "–",
    ];
    const name = make("th", { scope: "row" }, link);
    return make("tr", {}, name, ...cells.map((text) => make("td", {}, String(text))));
  }

  // What was wrong, mixed from all chapters: at once, then after days that grow while it is right.
  function reviewed(chapters) {
    const due = [];
    for (const { page, title, exercises, questions } of chapters) {
      for (const question of questions) {
        const known = quizzes.get(`${page}: ${question.text}`);
        if (known.due !== undefined && known.due <= Date.now())
          due.push(asked(`${page}: ${question.text}`, question, title));
      }
      for (const { id, name, version } of exercises)
        if (memory.get(id).wrong && !memory.state(id, version)) due.push(linked(page, id, name));
    }
    for (let i = due.length - 1; i > 0; i--) {
      const j = Math.floor(Math.random() * (i + 1));
      [due[i], due[j]] = [due[j], due[i]];
    }
    const nothing = make("p", {}, t("Nothing is due. What you get wrong comes here."));
    review.replaceChildren(...(due.length ? due : [nothing]));
  }

  function linked(page, id, name) {
    const link = make("a", { href: new URL(`${page}.html#exercise-${id}`, root) }, name);
    return make("p", {}, t("An exercise that was not right yet: "), link);
  }

  function asked(key, { text, choices }, title) {
    const why = make("p", {});
    why.setAttribute("aria-live", "polite");
    let chosen = null;
    const options = choices.map((choice) => {
      const input = make("input", { type: "radio", name: key });
      input.onchange = () => {
        chosen = choice;
        write(why, "");
      };
      return make("label", { className: "exercise-choice" }, input, " ", choice.text);
    });
    const check = make("button", { type: "button" }, t("Check"));
    check.setAttribute("aria-label", t("Check: {question}", { question: text }));
    check.onclick = () => {
      if (chosen) quizzes.answer(key, chosen.right === true, chosen.text);
      if (!chosen) return write(why, t("Choose an answer first."));
      const verdict = chosen.right ? t("✓ Right.") : t("✗ Not quite.");
      why.replaceChildren(make("span", {}, verdict), " ", make("span", {}, chosen.why));
    };
    const actions = make("div", { className: "exercise-actions" }, check);
    const legend = make("legend", {}, text);
    const from = make("p", { className: "exercise-count" }, title);
    return make("fieldset", { className: "exercise" }, legend, from, ...options, actions, why);
  }

  function copies() {
    const save = make("button", { type: "button" }, t("Save a copy"));
    const file = make("input", { type: "file", accept: ".json" });
    const open = make("label", { className: "exercise-file" }, t("Read a copy"), file);
    const erase = make("button", { type: "button" }, t("Erase everything"));
    save.onclick = () => {
      const copy = JSON.stringify({ exercises: memory.all(), questions: quizzes.all() }, null, 1);
      const address = URL.createObjectURL(new Blob([copy], { type: "application/json" }));
      make("a", { href: address, download: "progress.json" }).click();
      URL.revokeObjectURL(address);
    };
    file.onchange = async () => {
      try {
        const { exercises, questions } = JSON.parse(await file.files[0].text());
        if (!isRecord(exercises) || !isRecord(questions)) throw new Error(t("it is no such copy."));
        memory.replace({ ...memory.all(), ...exercises });
        quizzes.replace({ ...quizzes.all(), ...questions });
        write(said, t("The copy was read."));
        show();
      } catch (error) {
        write(said, t("This file cannot be read: {why}", { why: error.message }));
      }
      file.value = "";
    };
    erase.onclick = () => {
      if (!confirm(t("Erase all answers and all progress in this book?"))) return;
      memory.replace({});
      quizzes.replace({});
      write(said, t("Everything is erased."));
      show();
    };
    return make("div", { className: "exercise-actions" }, save, open, erase);
  }
}

const isRecord = (value) =>
  value !== null &&
  typeof value === "object" &&
  Object.values(value).every((one) => one !== null && typeof one === "object");
