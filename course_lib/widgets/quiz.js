// Quiz: radio buttons, because every browser and screen reader knows what to do with them.
function mount(host, data) {
  const questions = data.questions.map((question, number) => {
    const name = uniqueId("quiz");
    const why = h("p", { "aria-live": "polite", class: "cw-why", hidden: "" });
    const options = question.choice.map((choice) => {
      const input = h("input", { type: "radio", name, onchange: () => {
        why.hidden = false;
        why.dataset.right = choice.right === true;
        why.textContent = `${choice.right ? "✓ Right." : "✗ Not quite."} ${choice.why}`;
      } });
      input.dataset.lmSuppressShortcuts = "true";
      return h("label", { class: "cw-option" }, input, h("span", {}, choice.text));
    });
    return h("fieldset", {}, h("legend", {}, `${number + 1}. ${question.text}`), ...options, why);
  });
  frame(host, "Quiz", ...questions);
  return {};
}
