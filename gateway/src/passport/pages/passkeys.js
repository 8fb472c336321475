// Shows what needs passkeys where the browser has them, and lets the device answer before a form is
// sent. Without this script the pages work as they do for whoever has none.
"use strict";

(() => {
  const able =
    window.PublicKeyCredential !== undefined &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";
  if (!able) return;

  const answer = {
    async create(text) {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(text));
      return navigator.credentials.create({ publicKey });
    },
    async get(text) {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(text));
      return navigator.credentials.get({ publicKey });
    },
  };

  for (const [kind, ask] of Object.entries(answer)) {
    for (const form of document.querySelectorAll(`form[data-passkey-${kind}]`)) {
      const options = form.getAttribute(`data-passkey-${kind}`);
      const fault = form.querySelector("[data-passkey-fault]");
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        fault.hidden = true;
        try {
          const credential = await ask(options);
          form.elements.namedItem("credential").value = JSON.stringify(credential);
          form.submit();
        } catch {
          fault.hidden = false;
        }
      });
    }
  }

  for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-without-passkeys]")) part.hidden = true;
})();
