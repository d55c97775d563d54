// Readiness check. Asks the browser about itself; only the button sends something, one message to
// the instructor's echo address.
import { button, h, keepKeys, spoken, t } from "./kit.js";

export function mount({ data, state, set }) {
  const words = { true: ["✓", "Yes"], false: ["✗", "No"], null: ["?", "Not known"] };
  const ink = { true: "var(--cw-good)", false: "var(--cw-bad)", null: "inherit" };
  const found = {};
  const said = spoken();

  const line = ([key, what, needed, advice]) => {
    const mark = h("b");
    const here = h("span");
    const help = h("p", { class: "cw-why" }, advice);
    const about = h(
      "div",
      {},
      mark,
      " ",
      h("b", {}, what),
      t(" ({needed}): ", { needed: t(needed) }),
      here,
    );
    const row = h("li", { "data-check": key, class: "cw-check" }, about, help);
    row.show = (ok, text, advise = ok !== true) => {
      found[key] = ok;
      mark.textContent = words[ok].map((word) => t(word)).join(" ");
      mark.style.color = ink[ok];
      here.textContent = t(text);
      row.dataset.ok = ok;
      help.hidden = !advise;
      help.dataset.right = ok === null ? "" : ok;
    };
    return row;
  };
  const rows = Object.fromEntries(data.checks.map((check) => [check[0], line(check)]));

  const refused = "refused on this page";
  const look = {
    browser() {
      const [name, version] = browserOf(navigator.userAgent);
      return [data.browsers.includes(name), `${t(name)} ${version}`.trim()];
    },
    websocket() {
      const there = typeof WebSocket === "function";
      return [there, there ? "there" : "missing"];
    },
    cookies() {
      if (!navigator.cookieEnabled) return [false, "switched off"];
      return attempt(() => {
        // biome-ignore lint/suspicious/noDocumentCookie: the cookie is what is being tested
        document.cookie = "cw_ready=1; max-age=9; SameSite=Lax";
        const kept = document.cookie.includes("cw_ready=1");
        // biome-ignore lint/suspicious/noDocumentCookie: the test cookie is taken away again
        document.cookie = "cw_ready=; max-age=0; SameSite=Lax";
        if (kept) return [true, "a test cookie was kept"];
        // A page opened as a file has no cookies of its own, whatever the browser allows elsewhere.
        return [location.protocol === "file:" ? null : false, refused];
      });
    },
    storage: () =>
      attempt(() => {
        localStorage.setItem("cw-ready", "1");
        localStorage.removeItem("cw-ready");
        return [true, "a test value was kept"];
      }),
    screen: () => [screen.width >= data.width, t("{n} points wide", { n: screen.width })],
    network() {
      const [least, advised] = data.mbps;
      const mbps = navigator.connection?.downlink;
      if (!navigator.onLine) return [false, "offline"];
      if (mbps === undefined) return [null, "connected; this browser does not tell its speed"];
      const tight = mbps >= least && mbps < advised;
      const text = tight
        ? "about {mbps} Mbps by the browser's own estimate: enough, but {advised} are advised"
        : "about {mbps} Mbps by the browser's own estimate";
      return [mbps >= least, t(text, { mbps, advised })];
    },
  };
  const lookAtAll = () => {
    for (const [key, row] of Object.entries(rows)) row.show(...look[key]());
    draw();
  };

  const echo = line(data.echo_check);
  const answers = h("ul", { class: "cw-answers" });
  const unknown = "ask your instructor for an address, or use the workshop's own test page";
  echo.show(null, data.echo ? "not tested yet" : unknown, false);
  const start = button(t("Send one message to {address}", { address: data.echo }), {
    onclick: test,
    class: "cw-long",
  });
  if (data.echo) echo.append(start, answers);

  // Connected, sent, and the same text came back: each line turns to Yes or stays at No.
  function test() {
    start.disabled = true;
    const steps = { connected: false, sent: false, "echo received": false };
    const show = () => {
      const lines = Object.entries(steps).map(
        ([name, ok]) => `${t(name)}: ${t(ok ? "Yes" : "No")}`,
      );
      answers.replaceChildren(...lines.map((text) => h("li", {}, text)));
    };
    let socket;
    let ended = false;
    const end = (text) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      socket?.close();
      start.disabled = false;
      show();
      const count = Object.values(steps).filter(Boolean).length;
      echo.show(count === 3, text ?? t("{n} of 3 times Yes", { n: count }));
      draw();
    };
    const late = () => end(t("no answer within {n} seconds", { n: data.seconds }));
    const timer = setTimeout(late, 1000 * data.seconds);
    show();
    echo.show(null, "testing …", false);
    try {
      socket = new WebSocket(data.echo);
    } catch {
      end("the browser refused the address");
      return;
    }
    socket.onopen = () => {
      steps.connected = true;
      socket.send(data.message);
      steps.sent = true;
      show();
    };
    // Some servers greet first: wait for the message itself.
    socket.onmessage = (event) => {
      if (event.data !== data.message) return;
      steps["echo received"] = true;
      end();
    };
    socket.onerror = socket.onclose = () => end();
  }

  const boxes = data.tasks.map((_, n) => {
    const onchange = () => {
      const others = state.ticked.filter((at) => at !== n);
      const ticked = boxes[n].checked ? [...others, n] : others;
      set({ ticked: ticked.sort((a, b) => a - b) });
    };
    return keepKeys(h("input", { type: "checkbox", onchange }));
  });
  const tasks = data.tasks.map((task, n) =>
    h("label", { class: "cw-option" }, boxes[n], h("span", {}, task)),
  );

  function draw() {
    boxes.forEach((box, n) => {
      box.checked = state.ticked.includes(n);
    });
    const values = Object.values(found);
    const red = values.filter((ok) => ok === false).length;
    const open = values.filter((ok) => ok === null).length;
    const left = data.tasks.length - state.ticked.length;
    const advice = left ? t("Tick the rest when it is done.") : t("You are ready.");
    said.textContent =
      t("{green} green, {red} red, {open} not known; {ticked} of {n} ticked. ", {
        green: values.length - red - open,
        red,
        open,
        ticked: state.ticked.length,
        n: data.tasks.length,
      }) + (red ? t("Do what the red lines say.") : advice);
  }
  lookAtAll();
  const help =
    "Your browser about itself. Nothing is sent anywhere unless you press a button that says so.";
  const list = h("ul", { class: "cw-checks" }, ...Object.values(rows), echo);
  return {
    kept: true,
    parts: [
      h("p", {}, help),
      list,
      h("div", {}, button("Look again", { onclick: lookAtAll })),
      h("fieldset", {}, h("legend", {}, "Only you can know"), ...tasks),
      said,
    ],
    draw,
  };

  function attempt(look) {
    try {
      return look();
    } catch {
      return [false, refused];
    }
  }

  function browserOf(agent) {
    // The more specific first: everybody calls themselves Chrome or Safari as well.
    const families = [
      ["Edge", /Edg(?:e|A|iOS)?\/(\d+)/],
      ["Opera", /OPR\/(\d+)/],
      ["Samsung Internet", /SamsungBrowser\/(\d+)/],
      ["Firefox", /(?:Firefox|FxiOS)\/(\d+)/],
      ["Chrome", /(?:Chrome|Chromium|CriOS)\/(\d+)/],
      ["Safari", /Version\/(\d+)\S* .*Safari/],
    ];
    for (const [name, pattern] of families) {
      const match = agent.match(pattern);
      if (match) return [name, match[1]];
    }
    return ["another browser", ""];
  }
}
