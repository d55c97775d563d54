// Quiz: radio buttons, because every browser and screen reader knows what to do with them.
import { h, keepKeys, uniqueId } from "./kit.js";

export function mount({ data }) {
  const parts = data.questions.map((question, number) => {
    const name = uniqueId("quiz");
    const why = h("p", { "aria-live": "polite", class: "cw-why", hidden: "" });
    const options = question.choice.map((choice) => {
      const onchange = () => {
        why.hidden = false;
        why.dataset.right = choice.right === true;
        why.textContent = `${choice.right ? "✓ Right." : "✗ Not quite."} ${choice.why}`;
      };
      const input = keepKeys(h("input", { type: "radio", name, onchange }));
      return h("label", { class: "cw-option" }, input, h("span", {}, choice.text));
    });
    const legend = h("legend", {}, `${number + 1}. ${question.text}`);
    return h("fieldset", {}, legend, ...options, why);
  });
  return { parts };
}
