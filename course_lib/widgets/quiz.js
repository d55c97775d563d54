// Quiz: radio buttons, because every browser and screen reader knows what to do with them. Choosing
// says nothing, so that arrow keys may pass all choices; Check does, and its first time counts.
import { button, h, keepKeys, spoken, t, uniqueId } from "./kit.js";

export function mount({ data, state, set }) {
  const score = spoken();
  const ask = (question, at) => {
    const number = at + 1;
    const name = uniqueId("quiz");
    const why = h("p", { "aria-live": "polite", class: "cw-why" });
    const asWritten = (text) => h("span", { lang: "en" }, text);
    const say = (verdict, reason = [], right = "") => {
      why.replaceChildren(t(verdict), ...reason);
      why.dataset.right = right;
    };
    let chosen;
    const options = question.choice.map((choice) => {
      const onchange = () => {
        chosen = choice;
        say("");
      };
      const input = keepKeys(h("input", { type: "radio", name, onchange }));
      return h("label", { class: "cw-option" }, input, asWritten(choice.text));
    });
    const onclick = () => {
      if (!chosen) return say("Choose an answer first.");
      const right = chosen.right === true;
      say(right ? "✓ Right." : "✗ Not quite.", [" ", asWritten(chosen.why)], right);
      if (!(number in state.first)) set({ first: { ...state.first, [number]: right } });
    };
    const check = button("Check", {
      "aria-label": t("Check question {number}", { number }),
      onclick,
    });
    const legend = h("legend", {}, `${number}. `, asWritten(question.text));
    return h("fieldset", { class: "cw-question" }, legend, ...options, check, why);
  };
  const draw = () => {
    const tries = Object.values(state.first);
    const right = tries.filter(Boolean).length;
    const all = tries.length === data.questions.length;
    score.textContent = all ? t("{right} of {n} at first try.", { right, n: tries.length }) : "";
  };
  return { kept: true, parts: [...data.questions.map(ask), score], draw };
}
