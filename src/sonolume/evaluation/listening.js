"use strict";
const form = document.querySelector("form");
const told = document.getElementById("told");

// One sound at a time.
document.addEventListener("play", (event) => {
  for (const audio of document.querySelectorAll("audio")) {
    if (audio !== event.target) audio.pause();
  }
}, true);

function missing() {
  const open = [...form.querySelectorAll("fieldset")].filter((field) => {
    const lacks = !field.querySelector("input:checked");
    field.classList.toggle("missing", lacks);
    return lacks;
  });
  const name = document.getElementById("listener");
  return name.value.trim() ? open : [name, ...open];
}

function quoted(text) {
  return '"' + text.replaceAll('"', '""') + '"';
}

function rows() {
  const answers = new FormData(form);
  const listener = quoted(answers.get("listener").trim());
  const best = new Set([...answers].filter(([name]) => name.startsWith("best-")).map(([, t]) => t));
  const found = [["listener", "sound", "rating", "best"]];
  for (const [name, value] of answers) {
    if (!name.startsWith("rating-")) continue;
    const sound = name.slice("rating-".length);
    found.push([listener, sound, value, best.has(sound) ? 1 : 0]);
  }
  return found.map((row) => row.join(",")).join("\r\n") + "\r\n";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const open = missing();
  if (open.length) {
    told.textContent = open.length === 1 ? "One answer is missing." : open.length + " answers are missing.";
    (open[0].querySelector ? open[0].querySelector("input") || open[0] : open[0]).focus();
    return;
  }
  const link = document.createElement("a");
  const name = document.getElementById("listener").value.trim()
    .replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "") || "listener";
  link.href = URL.createObjectURL(new Blob([rows()], { type: "text/csv" }));
  link.download = "answers-" + name + ".csv";
  link.click();
  told.textContent = "Saved as " + link.download + ". Thank you.";
});

window.addEventListener("beforeunload", (event) => {
  if (form.querySelector("input:checked") && !told.textContent.startsWith("Saved")) event.preventDefault();
});
