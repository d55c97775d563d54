// Exercises that are solved in the page: editors, the Python that judges them, what is remembered.
// Without this script a card holds its task, stub, hints and solution, and says where it can run.
(() => {
  const LIMIT_S = 10;
  // What this script and the Python of a build must have in common.
  const PROTOCOL = 1;
  const root = new URL(document.documentElement.dataset.content_root ?? "./", location.href);
  const page = location.pathname.slice(root.pathname.length).replace(/\.html$/, "");
  const isServed = location.protocol.startsWith("http");
  const isLive = document.querySelector('meta[name="exercises"]') !== null;
  const { markLanguage, t } = globalThis.bookLanguage;

  function make(tag, properties, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    // Not of code.
    if (tag !== "pre") markLanguage(node);
    return node;
  }

  function write(node, text) {
    node.textContent = text;
    markLanguage(node);
  }

  // What is remembered, in this browser alone.
  function store(what) {
    const name = `${what} of ${root.pathname}`;
    const stored = {
      all() {
        try {
          return JSON.parse(localStorage.getItem(name)) ?? {};
        } catch {
          return {};
        }
      },
      replace(all) {
        try {
          localStorage.setItem(name, JSON.stringify(all));
        } catch {
          // A full or forbidden store: the page works on, and forgets.
        }
      },
      get: (key) => stored.all()[key] ?? {},
      change(key, change) {
        const all = stored.all();
        stored.replace({ ...all, [key]: { ...all[key], ...change } });
      },
    };
    return stored;
  }

  // By exercise: {code, version, solved, seen, wrong}.
  const memory = store("exercises");
  memory.state = (id, version) => {
    const { solved, seen, version: known } = memory.get(id);
    return known !== version ? "" : solved ? "solved" : seen ? "seen" : "";
  };

  // By question: {choice, first, right, times, due}. What was wrong is asked again, at once and
  // then after days that grow while it is right. By widget that asks for one: {guess}.
  const quizzes = store("questions");
  const WAITS = [1, 3, 7, 21];
  const DAY = 24 * 60 * 60 * 1000;
  quizzes.answer = (key, isRight, choice) => {
    const { first = { choice, isRight }, times = 0, due } = quizzes.get(key);
    const now = Date.now();
    quizzes.change(key, { choice, first });
    if (!isRight) quizzes.change(key, { times: 0, due: now });
    else if (due <= now)
      quizzes.change(key, { times: times + 1, due: now + WAITS[Math.min(times, 3)] * DAY });
  };

  function followQuizzes() {
    for (const field of document.querySelectorAll('.cw-host[data-label="Quiz"] fieldset')) {
      const question = field.querySelector("legend").textContent.replace(/^\d+\. /, "");
      const key = `${page}: ${question}`;
      const inputs = [...field.querySelectorAll("input")];
      const text = (input) => input.closest("label").textContent;
      const check = field.querySelector("button");
      // Answered again as before, the first try first, because the quiz counts it.
      const { first, choice } = quizzes.get(key);
      for (const known of new Set([first?.choice, choice])) {
        const input = inputs.find((one) => text(one) === known);
        if (!input) continue;
        input.checked = true;
        input.dispatchEvent(new Event("change"));
        check.click();
      }
      check.addEventListener("click", () => {
        const chosen = inputs.find((one) => one.checked);
        const { right } = field.querySelector(".cw-why").dataset;
        if (chosen) quizzes.answer(key, right === "true", text(chosen));
      });
    }
  }

  // A guess stays where it was, and who would not guess is not asked again.
  function followGuesses() {
    for (const box of document.querySelectorAll(".cw-guess")) {
      const key = `${page}: ${box.closest(".cw-host").dataset.label}`;
      const { guess } = quizzes.get(key);
      if (guess !== undefined) box.guess(guess);
      box.addEventListener("guess", ({ detail }) => quizzes.change(key, { guess: detail }));
    }
  }

  // What the site says of its Python today, and where that lies: each build has its own folder.
  // No copy is taken for it that a browser keeps, for the site may have been built anew since.
  async function askBook() {
    const response = await fetch(new URL("live/book.json", root), { cache: "no-cache" });
    if (!response.ok) throw new Error(t("it cannot be reached"));
    return response.json();
  }
  const inLive = ({ at }, name) => new URL(`live/${at}/${name}`, root);

  // One Python for the page. It starts at the first Run, and anew when an answer does not end.
  const python = {
    queue: Promise.resolve(),
    asked: 0,
    onProgress: () => {},
    start(book) {
      const worker = new Worker(inLive(book, "worker.js"), { type: "module" });
      python.worker = worker;
      python.running = book;
      python.waiting = new Map();
      python.ready = new Promise((resolve, reject) => {
        const fail = (message) => {
          python.worker = null;
          reject(new Error(message));
        };
        worker.onerror = (event) => fail(event.message || t("its files did not load"));
        worker.onmessage = ({ data }) => {
          if (data.type === "progress") python.onProgress(data.received);
          else if (data.type === "ready") resolve(dispatchEvent(new Event("python-ready")));
          else if (data.type === "failed") fail(data.message);
          else python.waiting.get(data.id)?.(data);
        };
      });
      python.ready.catch(() => worker.terminate());
    },
    // The site's build of now, or the one that the page has begun to use.
    async book() {
      python.known ??= askBook();
      const book = await python.known.catch((error) => {
        python.known = null;
        throw error;
      });
      if (book.protocol === PROTOCOL) return book;
      throw new Error(t("the book was renewed: load this page again"));
    },
    restart() {
      python.worker?.terminate();
      python.start(python.running);
    },
    // What Python says of an answer; answers wait for each other.
    ask(...question) {
      const answer = python.queue.then(() => python.answer(...question));
      python.queue = answer.catch(() => {});
      return answer;
    },
    async answer(exercise, code, above) {
      if (!python.worker) python.start(await python.book());
      await python.ready;
      return new Promise((resolve) => {
        const id = ++python.asked;
        const stop = (message) => {
          python.restart();
          resolve({ status: "incorrect", message });
        };
        const late = t("Stopped after {n} seconds: does a loop never end?", { n: LIMIT_S });
        const timer = setTimeout(() => stop(late), LIMIT_S * 1000);
        python.waiting.set(id, ({ type, found, message }) => {
          clearTimeout(timer);
          if (type === "answered") resolve(found);
          else stop(t("Python stopped: {why}", { why: reason(message) }));
        });
        python.worker.postMessage({ id, exercise, code, above });
      });
    },
  };

  function reason(message) {
    if (/call stack|recursion/i.test(message)) return t("a function calls itself without end.");
    if (/memory/i.test(message)) return t("it ran out of memory.");
    return message.trim().split("\n").at(-1);
  }

  // An editor ------------------------------------------------------------------------------------
  const KEYWORDS =
    "False None True and as assert break class continue def del elif else except finally for " +
    "from global if import in is lambda nonlocal not or pass raise return try while with yield";
  const TOKENS = new RegExp(
    [
      "(?<c1>#.*)",
      `(?<s2>[rbfuRBFU]{0,2}(?:"""[^]*?(?:"""|$)|'''[^]*?(?:'''|$)|"(?:\\\\.|[^"\\\\\\n])*"?|` +
        `'(?:\\\\.|[^'\\\\\\n])*'?))`,
      `(?<k>\\b(?:${KEYWORDS.replaceAll(" ", "|")})\\b)`,
      "(?<mi>\\b\\d[\\w.]*)",
      "(?<nb>\\b(?:abs|all|any|bool|dict|enumerate|float|int|len|list|max|min|print|range|round|" +
        "set|sorted|str|sum|tuple|zip)\\b)",
    ].join("|"),
    "g",
  );

  function highlighted(code) {
    const parts = [];
    let end = 0;
    for (const token of code.matchAll(TOKENS)) {
      const [kind] = Object.entries(token.groups).find(([, text]) => text !== undefined);
      parts.push(code.slice(end, token.index), make("span", { className: kind }, token[0]));
      end = token.index + token[0].length;
    }
    return [...parts, code.slice(end), "\n"];
  }

  function insert(area, text, from = area.selectionStart) {
    area.setSelectionRange(from, area.selectionEnd);
    // Unlike setRangeText, this can be undone.
    document.execCommand(text ? "insertText" : "delete", false, text);
  }

  function editor(label, help, onRun) {
    const colors = make("pre", {});
    colors.setAttribute("aria-hidden", "true");
    const area = make("textarea", {
      spellcheck: false,
      autocapitalize: "off",
      autocomplete: "off",
    });
    area.setAttribute("autocorrect", "off");
    area.setAttribute("aria-label", label);
    area.setAttribute("aria-describedby", help);
    let hasTyped = false;
    const draw = () => colors.replaceChildren(...highlighted(area.value));
    area.addEventListener("focus", () => {
      hasTyped = false;
    });
    area.addEventListener("input", () => {
      hasTyped = true;
      draw();
    });
    area.addEventListener("keydown", (event) => {
      const at = area.selectionStart;
      const line = area.value.slice(area.value.lastIndexOf("\n", at - 1) + 1, at);
      if (event.key === "Escape") hasTyped = false;
      else if (event.key === "Enter" && (event.ctrlKey || event.metaKey || event.shiftKey)) onRun();
      else if (event.key === "Enter" && !event.isComposing) {
        const deeper = /:\s*(#.*)?$/.test(line) ? "    " : "";
        insert(area, `\n${/^\s*/.exec(line)[0]}${deeper}`);
      } else if (event.key === "Tab" && hasTyped && !event.shiftKey)
        insert(area, " ".repeat(4 - (line.length % 4)));
      else if (event.key === "Backspace" && at === area.selectionEnd && /^( {4})+$/.test(line))
        insert(area, "", at - 4);
      else return;
      if (event.key !== "Escape") event.preventDefault();
    });
    const element = make("div", { className: "exercise-editor highlight" }, colors, area);
    return {
      element,
      get code() {
        return area.value;
      },
      set code(text) {
        area.value = text;
        draw();
      },
      onInput: (listen) => area.addEventListener("input", listen),
      select(line) {
        const lines = area.value.split("\n");
        const start = lines.slice(0, line - 1).join("\n").length + (line > 1);
        area.focus();
        area.setSelectionRange(start, start + lines[line - 1].length);
      },
    };
  }

  // As `check` marks them in a notebook.
  const MARKS = { correct: "✓", incorrect: "✗", "not attempted": "○" };

  // What Python said, as text: nothing of it is ever read as HTML.
  function verdict(id, found, edit) {
    const kind = found.status.replace(" ", "-");
    const mark = make("span", { className: "check-mark" }, MARKS[found.status]);
    mark.setAttribute("aria-hidden", "true");
    const status = make("b", {}, mark, t(" {id}: {verdict}.", { id, verdict: t(found.status) }));
    const head = make("p", {}, status, " ", make("span", {}, found.message));
    const said = make("div", { className: `check check-${kind}` }, head);
    if (found.line) {
      const code = edit.code.split("\n")[found.line - 1]?.trim() ?? "";
      const text = t("Line {n}: {code}", { n: found.line, code });
      const go = make("button", { type: "button" }, t("Go to the line"));
      go.onclick = () => edit.select(found.line);
      said.append(make("pre", {}, text), make("p", { className: "exercise-actions" }, go));
    }
    if (found.hint) {
      const hint = make("span", {}, found.hint);
      said.append(make("p", {}, make("b", {}, t("Hint:")), " ", hint));
    }
    if (found.example) said.append(make("pre", {}, found.example));
    if (found.note) said.append(make("p", {}, found.note));
    const printed = found.printed?.trimEnd();
    return printed ? [said, make("p", {}, t("Printed:")), make("pre", {}, printed)] : [said];
  }

  // A card ---------------------------------------------------------------------------------------
  function enliven(card, book, chapter) {
    const { exercise: id, version } = card.dataset;
    const shown = card.querySelector(".tag_exercise");
    const stub = shown.querySelector("pre").textContent.trimEnd();
    const run = make("button", { type: "button", className: "exercise-run" }, t("Run and check"));
    const again = make("button", { type: "button" }, t("Start again"));
    const state = make("span", { className: "exercise-state" });
    const size = make("p", { className: "exercise-size" }, book.loading);
    const out = make("div", { className: "exercise-verdict" });
    out.setAttribute("aria-live", "polite");
    const label = t("Your answer: {exercise}", { exercise: card.getAttribute("aria-label") });
    const edit = editor(label, "exercise-help", () => run.click());
    const thought = make(
      "p",
      {},
      t("Run your answer first: known mistakes have a hint of their own."),
    );
    const hints = card.querySelectorAll(".exercise-hint");
    hints[hints.length - 1].append(
      make(
        "details",
        { className: "exercise-hint" },
        make("summary", {}, t("Hint: what went wrong")),
        thought,
      ),
    );
    shown.replaceWith(
      edit.element,
      make("div", { className: "exercise-actions" }, run, again, state),
      size,
      out,
    );
    card.querySelector(".exercise-elsewhere").remove();

    function remember(change) {
      memory.change(id, { version, ...change });
      tell();
      chapter.tell();
    }
    function tell() {
      card.dataset.state = memory.state(id, version);
      const names = { solved: t("✓ Solved"), seen: t("Solution seen"), "": "" };
      write(state, names[card.dataset.state]);
    }
    chapter.cards.set(id, {
      stub,
      get code() {
        return edit.code;
      },
      open(code) {
        edit.code = code;
        out.replaceChildren();
        remember({ code });
      },
    });
    edit.code = memory.get(id).code ?? stub;
    edit.onInput(() => memory.change(id, { code: edit.code }));
    tell();

    again.onclick = () => {
      edit.code = stub;
      out.replaceChildren();
      memory.change(id, { code: undefined });
    };
    card.querySelector(".tag_solution details").addEventListener("toggle", (event) => {
      if (event.target.open && card.dataset.state === "") remember({ solved: false, seen: true });
    });
    run.onclick = async () => {
      if (run.getAttribute("aria-disabled") === "true") return;
      run.setAttribute("aria-disabled", "true");
      const bar = make("progress", { max: book.bytes, value: 0 });
      bar.setAttribute("aria-label", t("Loading Python"));
      const doing = python.worker ? t("Running …") : book.doing;
      out.replaceChildren(make("p", {}, doing), ...(python.worker ? [] : [bar]));
      python.onProgress = (received) => {
        bar.value = received;
      };
      for (const told of document.querySelectorAll(".exercise-size")) told.remove();
      const { code } = edit;
      try {
        // The site may have been built anew since this page was loaded.
        if (!python.worker) python.known = null;
        const found = await python.ask(id, code, await chapter.above(id));
        out.replaceChildren(...verdict(id, found, edit));
        if (found.status === "incorrect")
          write(
            thought,
            found.hint || t("This mistake is not a known one. Compare expected and got, by hand."),
          );
        if (found.status === "correct" && card.dataset.state === "")
          remember({ code, solved: true, seen: false });
        else memory.change(id, { code, wrong: found.status === "incorrect" });
      } catch (error) {
        const said = "Python could not start here ({why}). Open the chapter in Colab.";
        out.replaceChildren(make("p", {}, t(said, { why: error.message })));
      }
      run.removeAttribute("aria-disabled");
    };
  }

  // The chapter: its count, its notebook, and what stands above an exercise.
  function openChapter(book, ids) {
    let above = {};
    const name = page.replace("chapters/", "");
    const count = make("p", { className: "exercise-count" });
    const said = make("p", {});
    said.setAttribute("aria-live", "polite");
    const save = make("button", { type: "button" }, t("Download my notebook"));
    const file = make("input", { type: "file", accept: ".ipynb" });
    const open = make("label", { className: "exercise-file" }, t("Open my notebook"), file);
    const chapter = {
      cards: new Map(),
      tell() {
        const states = Object.entries(ids).map(([id, version]) => memory.state(id, version));
        const solved = states.filter((state) => state === "solved").length;
        const seen = states.filter((state) => state === "seen").length;
        const also = seen ? t(", {n} {n:solution|solutions} seen", { n: seen }) : "";
        const all = t("Exercises: {solved} of {n} solved", { solved, n: states.length });
        write(count, all + also);
        for (const link of document.querySelectorAll("[data-exercise-link]")) {
          const id = link.dataset.exerciseLink;
          link.dataset.state = memory.state(id, ids[id]);
        }
        tellContents(book);
      },
      // Cells of the chapter above an exercise, with the reader's own answers to earlier ones.
      async above(exercise) {
        const book = await python.book();
        if (above.at !== book.at) {
          const response = await fetch(inLive(book, `above/${name}.json`));
          above = { at: book.at, cells: await response.json() };
        }
        const { cells } = above;
        const end = cells.findIndex((cell) => cell.exercise === exercise);
        const answer = (cell) => chapter.cards.get(cell.exercise)?.code ?? "";
        return JSON.stringify(cells.slice(0, end).map((c) => (c.exercise ? answer(c) : c)));
      },
    };
    const notebook = async () => import(inLive(await python.book(), "notebook.mjs"));
    save.onclick = async () => {
      const { filled } = await notebook();
      const response = await fetch(new URL(`notebooks/${name}.ipynb`, root));
      const answers = Object.fromEntries([...chapter.cards].map(([id, card]) => [id, card.code]));
      const text = filled(await response.text(), answers);
      const address = URL.createObjectURL(new Blob([text], { type: "application/x-ipynb+json" }));
      make("a", { href: address, download: `${name.split("/").at(-1)}.ipynb` }).click();
      URL.revokeObjectURL(address);
    };
    file.onchange = async () => {
      const { answersIn } = await notebook();
      try {
        const found = Object.entries(answersIn(await file.files[0].text(), Object.keys(ids)));
        for (const [id, code] of found) chapter.cards.get(id).open(code);
        const opened = "Opened {n} {n:answer|answers}. Run them to see what they earn.";
        write(said, t(opened, { n: found.length }));
      } catch (error) {
        write(said, t("This file cannot be opened: {why}", { why: error.message }));
      }
      file.value = "";
    };
    const help = make(
      "p",
      { id: "exercise-help", className: "exercise-hidden" },
      t("Control and Enter run it. Once you have typed, Tab indents; Escape, then Tab leaves."),
    );
    const head = document.querySelector(".bd-article h1");
    const below = head?.parentElement.querySelector(":scope > .chapter-number") ?? head;
    below?.after(count, make("div", { className: "exercise-actions" }, save, open), said, help);
    return chapter;
  }

  // Of the exercises on a page that run in it, how many are solved; null where none is.
  function solved(book, target) {
    const exercises = Object.entries(book.chapters[target] ?? {});
    const states = exercises.map(([id, version]) => memory.state(id, version));
    const count = states.filter((state) => state === "solved").length;
    return count ? { solved: count, n: states.length } : null;
  }

  function tellContents(book) {
    for (const link of document.querySelectorAll(".bd-sidebar-primary a.internal")) {
      const target = new URL(link.href).pathname.slice(root.pathname.length);
      const count = solved(book, target.replace(/\.html$/, ""));
      link.querySelector(".exercise-count")?.remove();
      const text = count && t(" {solved} of {n} solved", count);
      if (count) link.append(make("span", { className: "exercise-count" }, text));
    }
    for (const card of document.querySelectorAll("[data-exercises-of]")) {
      const count = solved(book, card.dataset.exercisesOf);
      if (count) write(card, t("{solved} of {n} exercises solved", count));
    }
  }

  async function begin() {
    followQuizzes();
    followGuesses();
    const cards = document.querySelectorAll(".exercise[data-version]");
    const say = (why) => {
      for (const card of cards) write(card.querySelector(".exercise-elsewhere span"), why);
    };
    if (!isLive) return;
    if (!isServed) {
      say(t("Opened as a file, this page cannot start Python"));
      return;
    }
    const book = await askBook().catch(() => null);
    if (!book) {
      say(t("The page's Python cannot be reached"));
      return;
    }
    const megabytes = (book.bytes / 1e6).toFixed(1);
    book.loading = t("The first Run loads Python, {megabytes} MB.", { megabytes });
    book.doing = t("Loading Python, {megabytes} MB, once …", { megabytes });
    tellContents(book);
    const place = document.querySelector("section#your-progress");
    if (place) {
      const { showProgress } = await import(inLive(book, "progress.mjs"));
      showProgress({ root, make, write, t, memory, quizzes, place });
    }
    if (!cards.length) return;
    const chapter = openChapter(book, book.chapters[page]);
    for (const card of cards) enliven(card, book, chapter);
    chapter.tell();
  }
  addEventListener("DOMContentLoaded", begin);
})();
