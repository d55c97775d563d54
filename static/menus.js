// Menus and hints are Bootstrap's, a large script. It comes when somebody is about to use one.
addEventListener("DOMContentLoaded", () => {
  const ABOUT_TO = ["pointerover", "pointerdown", "focusin", "click"];
  const src = `${document.documentElement.dataset.content_root}_static/scripts/bootstrap.js`;
  let used = null;
  const use = (event) => {
    const owner = event.target.closest?.("[data-bs-toggle]");
    if (!owner) return;
    if (!used)
      document.body.append(Object.assign(document.createElement("script"), { src, onload }));
    // Pressed stays pressed, whatever follows while the script is on its way.
    if (used?.owner !== owner || event.type === "click") used = { owner, type: event.type };
  };
  function onload() {
    for (const type of ABOUT_TO) removeEventListener(type, use, true);
    const { owner, type } = used;
    const isMenu = owner.dataset.bsToggle === "dropdown";
    if (type === "click" && isMenu)
      globalThis.bootstrap.Dropdown.getOrCreateInstance(owner).toggle();
    else if (owner.matches(":hover"))
      owner.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
    else if (owner.matches(":focus-visible"))
      owner.dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
  }
  for (const type of ABOUT_TO) addEventListener(type, use, true);

  // The way back to the top, which Bootstrap's script brings along, shows itself while one goes up.
  const back = document.getElementById("pst-back-to-top");
  const header = document.querySelector(".bd-header");
  let before = scrollY;
  back.addEventListener("click", () => scrollTo(0, 0));
  addEventListener("scroll", () => {
    const isBelow = scrollY > header.offsetTop + header.offsetHeight;
    back.style.display = isBelow && before > scrollY ? "block" : "none";
    before = scrollY;
  });
});
