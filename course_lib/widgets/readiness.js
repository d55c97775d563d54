// Readiness check. Asks the browser about itself; only the button sends something, one message to the
// instructor's echo address.
function mount(host, data, state, changed) {
  let ticked = new Set(state.ticked);
  const words = { true: ["✓", "Yes"], false: ["✗", "No"], null: ["?", "Not known"] };
  const ink = { true: "var(--cw-good)", false: "var(--cw-bad)", null: "inherit" };
  const found = {};

  const line = ([key, what, needed, advice]) => {
    const mark = h("b"), here = h("span"), help = h("p", { class: "cw-why" }, advice);
    const row = h("li", { "data-check": key, style: "margin:.45rem 0;list-style:none" },
      h("div", {}, mark, " ", h("b", {}, what), ` (${needed}): `, here), help);
    row.show = (ok, text) => {
      found[key] = ok;
      const [sign, word] = words[ok];
      mark.textContent = `${sign} ${word}`;
      mark.style.color = ink[ok];
      here.textContent = text;
      row.dataset.ok = ok;
      help.hidden = ok === true;
      help.dataset.right = ok === null ? "" : ok;
    };
    return row;
  };
  const rows = Object.fromEntries(data.checks.map((check) => [check[0], line(check)]));
  const list = h("ul", { style: "padding:0;margin:0" }, ...Object.values(rows));
  const said = h("p", { "aria-live": "polite", class: "cw-said" });

  const look = {
    browser() {
      const [name, version] = browserOf(navigator.userAgent);
      return [data.browsers.includes(name), version ? `${name} ${version}` : name];
    },
    websocket: () => [typeof WebSocket === "function", typeof WebSocket === "function" ? "there" : "missing"],
    cookies() {
      if (!navigator.cookieEnabled) return [false, "switched off"];
      return attempt("refused on this page", () => {
        document.cookie = "cw_ready=1; max-age=9; SameSite=Lax";
        const kept = document.cookie.includes("cw_ready=1");
        document.cookie = "cw_ready=; max-age=0; SameSite=Lax";
        // A page opened as a file has no cookies of its own, whatever the browser allows elsewhere.
        return kept ? [true, "a test cookie was kept"] : [location.protocol === "file:" ? null : false, "refused on this page"];
      });
    },
    storage: () => attempt("refused on this page", () => {
      localStorage.setItem("cw-ready", "1");
      localStorage.removeItem("cw-ready");
      return [true, "a test value was kept"];
    }),
    screen: () => [screen.width >= data.width, `${screen.width} points wide`],
    network() {
      const [least, advised] = data.mbps, mbps = navigator.connection?.downlink;
      if (!navigator.onLine) return [false, "offline"];
      if (mbps === undefined) return [null, "connected; this browser does not tell its speed"];
      const text = `about ${mbps} Mbps by the browser's own estimate`;
      return [mbps >= least, mbps >= least && mbps < advised ? `${text}: enough, but ${advised} are advised` : text];
    },
  };
  const lookAtAll = () => {
    for (const [key, row] of Object.entries(rows)) row.show(...look[key]());
    summarize();
  };

  const echo = line(data.echo_check);
  const answers = h("ul", { style: "margin:.3rem 0;padding-inline-start:1.2rem" });
  const start = data.echo && button(`Send one message to ${data.echo}`, { onclick: () => test(), style: "overflow-wrap:anywhere;margin:.3rem 0" });
  echo.show(null, data.echo ? "not tested yet" : "ask your instructor for an address, or use the workshop's own test page");
  echo.querySelector(".cw-why").hidden = true;
  list.append(echo);
  if (start) echo.append(start, answers);

  // Connected, sent, and the same text came back: each line turns to Yes or stays at No.
  function test() {
    start.disabled = true;
    const steps = { connected: false, sent: false, "echo received": false };
    const show = () => answers.replaceChildren(...Object.entries(steps).map(([name, ok]) => h("li", {}, `${name}: ${ok ? "Yes" : "No"}`)));
    let socket, ended = false;
    const end = (text) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket?.close();
      start.disabled = false;
      show();
      const count = Object.values(steps).filter(Boolean).length;
      echo.show(count === 3, text ?? `${count} of 3 times Yes`);
      summarize();
    };
    const timer = setTimeout(() => end(`no answer within ${data.seconds} seconds`), 1000 * data.seconds);
    show();
    echo.show(null, "testing …");
    echo.querySelector(".cw-why").hidden = true;
    try {
      socket = new WebSocket(data.echo);
    } catch {
      return end("the browser refused the address");
    }
    socket.onopen = () => {
      steps.connected = true;
      socket.send(data.message);
      steps.sent = true;
      show();
    };
    // Some servers greet first: wait for the message itself.
    socket.onmessage = (event) => { if (event.data === data.message) { steps["echo received"] = true; end(); } };
    socket.onerror = socket.onclose = () => end();
  }

  const boxes = data.tasks.map((task, n) => {
    const box = h("input", { type: "checkbox", onchange: () => { ticked[box.checked ? "add" : "delete"](n); tell(); } });
    box.checked = ticked.has(n);
    box.dataset.lmSuppressShortcuts = "true";
    return [box, h("label", { class: "cw-option" }, box, h("span", {}, task))];
  });
  const tell = () => { summarize(); changed({ ticked: [...ticked].sort((a, b) => a - b) }); };

  frame(host, "Readiness check",
    h("p", {}, "Your browser about itself. Nothing is sent anywhere unless you press a button that says so."),
    list, h("div", {}, button("Look again", { onclick: lookAtAll })),
    h("fieldset", {}, h("legend", {}, "Only you can know"), ...boxes.map(([, label]) => label)), said);

  function summarize() {
    const values = Object.values(found), red = values.filter((ok) => ok === false).length;
    const open = values.filter((ok) => ok === null).length, left = data.tasks.length - ticked.size;
    said.textContent = `${values.length - red - open} green, ${red} red, ${open} not known; ${ticked.size} of ${data.tasks.length} ticked. `
      + (red ? "Do what the red lines say." : left ? "Tick the rest when it is done." : "You are ready.");
  }
  lookAtAll();
  return {
    update(next) {
      ticked = new Set(next.ticked);
      boxes.forEach(([box], n) => { box.checked = ticked.has(n); });
      summarize();
    },
  };

  function attempt(otherwise, look) {
    try { return look(); } catch { return [false, otherwise]; }
  }

  function browserOf(agent) {
    // The more specific first: everybody calls themselves Chrome or Safari as well.
    const families = [
      ["Edge", /Edg(?:e|A|iOS)?\/(\d+)/], ["Opera", /OPR\/(\d+)/], ["Samsung Internet", /SamsungBrowser\/(\d+)/],
      ["Firefox", /(?:Firefox|FxiOS)\/(\d+)/], ["Chrome", /(?:Chrome|Chromium|CriOS)\/(\d+)/], ["Safari", /Version\/(\d+)\S* .*Safari/],
    ];
    for (const [name, pattern] of families) {
      const match = agent.match(pattern);
      if (match) return [name, match[1]];
    }
    return ["another browser", ""];
  }
}
