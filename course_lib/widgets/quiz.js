// Quiz: radio buttons, because every browser and screen reader knows what to do with them. Choosing
// says nothing, so that arrow keys may pass all choices; Check does, and its first time counts.
import { button, h, keepKeys, spoken, uniqueId } from "./kit.js";

export function mount({ data, state, set }) {
  const score = spoken();
  const ask = (question, at) => {
    const number = at + 1;
    const name = uniqueId("quiz");
    const why = h("p", { "aria-live": "polite", class: "cw-why" });
    const say = (text, right = "") => {
      why.textContent = text;
      why.dataset.right = right;
    };
    let chosen;
    const options = question.choice.map((choice) => {
      const onchange = () => {
        chosen = choice;
        say("");
      };
      const input = keepKeys(h("input", { type: "radio", name, onchange }));
      return h("label", { class: "cw-option" }, input, h("span", {}, choice.text));
    });
    const onclick = () => {
      if (!chosen) return say("Choose an answer first.");
      const right = chosen.right === true;
      say(`${right ? "✓ Right." : "✗ Not quite."} ${chosen.why}`, right);
      if (!(number in state.first)) set({ first: { ...state.first, [number]: right } });
    };
    const check = button("Check", { "aria-label": `Check question ${number}`, onclick });
    const legend = h("legend", {}, `${number}. ${question.text}`);
    return h("fieldset", { class: "cw-question" }, legend, ...options, check, why);
  };
  const draw = () => {
    const tries = Object.values(state.first);
    const right = tries.filter(Boolean).length;
    const all = tries.length === data.questions.length;
    score.textContent = all ? `${right} of ${tries.length} at first try.` : "";
  };
  return { kept: true, parts: [...data.questions.map(ask), score], draw };
}
