"use strict";
// Before textual.js: where its socket is, a clipboard where the browser has none, and the keys for the terminal.

// Plain http from another machine: browsers give a page no clipboard there, and xterm.js would fail to ask for it.
if (!navigator.clipboard) {
  Object.defineProperty(navigator, "clipboard", {
    value: {
      readText: async () => "",
      writeText: async (text) => {
        const held = document.activeElement;
        const area = document.createElement("textarea");
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
        held?.focus();
      },
    },
  });
}

document.addEventListener("DOMContentLoaded", () => {
  const terminal = document.getElementById("terminal");
  terminal.dataset.sessionWebsocketUrl = `${location.origin.replace(/^http/, "ws")}/ws`;
  document.getElementById("again").addEventListener("click", () => location.reload());

  const keys = () => terminal.querySelector("textarea")?.focus();
  const watch = new MutationObserver(() => {
    if (document.body.classList.contains("-closed")) {
      watch.disconnect();
      // textual.js would go on to send what happens here, to a socket that is closed.
      for (const name of ["blur", "focus"]) {
        window.addEventListener(name, (event) => event.stopPropagation(), true);
      }
      window.onresize = null;
      terminal.inert = true;
      document.getElementById("again").focus();
    } else if (document.body.classList.contains("-first-byte")) {
      keys();
    }
  });
  watch.observe(document.body, { attributes: true, attributeFilter: ["class"] });
  window.addEventListener("focus", keys);
});
