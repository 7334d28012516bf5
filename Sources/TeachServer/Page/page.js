"use strict";

const $ = (id) => document.getElementById(id);
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;
const percent = (value) => `${Math.round(100 * value)} %`;

let board = { revision: -1, classes: [], unsorted: [], task: null, camera: null, work: null, undo: null };
let shown = { suggestions: null, all: false, work: 0 };

// What goes to the board and comes from it.

class Refusal extends Error {}

async function ask(path, options = {}) {
  const response = await fetch(path, options);
  if (response.ok) return response;
  let sentence = `the board answered ${response.status}`;
  try { sentence = (await response.json()).error; } catch { /* no sentence came */ }
  const refusal = new Refusal(sentence);
  refusal.status = response.status;
  throw refusal;
}

async function post(name, parameters = {}, body = undefined) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(key, one);
  }
  // What goes beside a photo stands in the address; the rest is a form.
  const path = body ? `api/${name}?${query}` : `api/${name}`;
  return (await ask(path, { method: "POST", body: body ?? query })).json();
}

let toastTimer;
function toast(text) {
  $("toast").textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").textContent = ""; }, 6000);
}

// Runs what a person asked for; says why it did not work.
async function attempt(work) {
  try {
    const answer = await work();
    if (answer && answer.classes) show(answer);
    return answer;
  } catch (error) {
    toast(error instanceof Refusal ? error.message : "The board does not answer; nothing was changed.");
    return undefined;
  }
}

function connected(isThere) { $("connection").hidden = isThere; }

// Photos of phones are made smaller before they are sent: the encoder sees no more, and the place where they were taken goes.
const shortSide = 640;
async function smaller(file) {
  let bitmap;
  try { bitmap = await createImageBitmap(file); } catch { return file; }
  const side = Math.min(bitmap.width, bitmap.height);
  if (side <= shortSide && ["image/jpeg", "image/png"].includes(file.type)) return file;
  const scale = Math.min(1, shortSide / side);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return (await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92))) ?? file;
}

async function upload(files, parameters) {
  const refused = [];
  let added = 0;
  for (const file of files) {
    try {
      if ((await post("photos", parameters, await smaller(file))).new) added += 1;
    } catch (error) {
      refused.push(`${file.name}: ${error instanceof Refusal ? error.message : "the board does not answer"}`);
    }
  }
  const known = files.length - added - refused.length;
  const parts = [`${plural(added, "photo", "photos")} added`];
  if (known) parts.push(`${known} there already`);
  toast(refused.length ? `${parts.join(", ")}; ${refused[0]}${refused.length > 1 ? `, and ${refused.length - 1} more` : ""}` : parts.join(", "));
}

function picked(input, body) {
  input.addEventListener("change", async () => {
    const files = [...input.files];
    input.value = "";
    if (files.length) await body(files);
  });
}

// Elements.

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Makes the children those of `keys`, in their order; what is there stays, with its focus.
function sync(parent, keys, make, update = () => {}) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(keys);
  for (const [key, child] of known) if (!wanted.has(key)) child.remove();
  keys.forEach((key, index) => {
    let child = known.get(key);
    if (!child) {
      child = make(key);
      child.dataset.key = key;
    }
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
    update(child, key);
  });
}

function thumbnailImage(photo, text) {
  return element("img", { src: `api/thumbnail?photo=${photo}`, alt: text, loading: "lazy" });
}

// A button that does something again and again while it is held, by pointer or key.
function holdable(button, body) {
  let isHeld = false;
  const begin = async () => {
    if (isHeld) return;
    isHeld = true;
    button.classList.add("held");
    while (isHeld) {
      await body();
      await sleep(200);
    }
  };
  const end = () => {
    isHeld = false;
    button.classList.remove("held");
  };
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    button.setPointerCapture(event.pointerId);
    begin();
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(name, end);
  button.addEventListener("keydown", (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) begin();
  });
  button.addEventListener("keyup", end);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

// Classes.

const shownPhotos = 18;
const openClasses = new Set();

function makeClass(name) {
  const title = element("h3", { textContent: name });
  const count = element("span", { className: "quiet count" });
  const rename = element("button", { type: "button", textContent: "Rename" });
  rename.setAttribute("aria-label", `Rename ${name}`);
  rename.addEventListener("click", () => {
    const to = prompt(`New name of ${name}`, name);
    if (to && to !== name) attempt(() => post("rename", { class: name, to }));
  });
  const remove = element("button", { type: "button", className: "danger", textContent: "Remove class" });
  remove.setAttribute("aria-label", `Remove class ${name}`);
  remove.addEventListener("click", () => attempt(() => post("remove", { class: name })));
  const hold = element("button", { type: "button", className: "hold", textContent: "Hold to add frames" });
  hold.setAttribute("aria-label", `Hold to add frames to ${name}`);
  holdable(hold, () => attempt(() => post("frames", { class: name })));
  const input = element("input", { type: "file", accept: "image/*", multiple: true, className: "hidden-input" });
  input.setAttribute("aria-label", `Add photos to ${name}`);
  picked(input, (files) => upload(files, { class: name }));
  const more = element("button", { type: "button", className: "more" });
  more.addEventListener("click", () => {
    if (!openClasses.delete(name)) openClasses.add(name);
    showClasses();
  });
  const own = element("div", { className: "class" },
    element("div", { className: "class-head" }, title, count),
    element("div", { className: "row" }, hold, element("label", { className: "button" }, "Add photos", input), rename, remove),
    element("div", { className: "thumbnails" }), more);
  own.setAttribute("role", "group");
  own.setAttribute("aria-label", name);
  return own;
}

function showClasses() {
  const classes = new Map(board.classes.map((one) => [one.name, one]));
  sync($("class-list"), [...classes.keys()], makeClass, (own, name) => {
    const { count, photos } = classes.get(name);
    own.querySelector(".count").textContent = plural(count, "photo", "photos");
    own.querySelector(".hold").hidden = !board.camera;
    const isOpen = openClasses.has(name);
    // The newest first.
    const visible = [...photos].reverse().slice(0, isOpen ? undefined : shownPhotos);
    sync(own.querySelector(".thumbnails"), visible, (photo) => {
      const remove = element("button", { type: "button", textContent: "×", title: "Remove this photo" });
      remove.setAttribute("aria-label", `Remove this photo from ${name}`);
      remove.addEventListener("click", () => attempt(() => post("remove", { photo })));
      return element("div", { className: "thumbnail" }, thumbnailImage(photo, `Photo of ${name}`), remove);
    });
    const more = own.querySelector(".more");
    more.hidden = count <= shownPhotos;
    more.textContent = isOpen ? "Show fewer" : `Show all ${count}`;
  });
  const target = $("target"), before = target.value;
  target.replaceChildren(...board.classes.map(({ name }) => element("option", { value: name, textContent: name })));
  if (classes.has(before)) target.value = before;
}

// Photos without a class.

const selected = new Set();

function showUnsorted() {
  const there = new Set(board.unsorted);
  for (const photo of selected) if (!there.has(photo)) selected.delete(photo);
  $("unsorted-count").textContent = `(${board.unsorted.length})`;
  $("suggest").disabled = board.unsorted.length === 0 || isWorking();
  $("show-all").disabled = board.unsorted.length === 0;
  $("show-all").setAttribute("aria-pressed", shown.all);
  const guesses = new Map((shown.suggestions ?? []).map((one) => [one.photo, one]));
  const visible = shown.all ? [...board.unsorted].reverse() : [...guesses.keys()].filter((photo) => there.has(photo));
  $("choose").hidden = visible.length === 0;
  sync($("unsorted-list"), visible, (photo) => {
    const box = element("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      if (box.checked) selected.add(photo); else selected.delete(photo);
      showSelected();
    });
    return element("label", { className: "thumbnail pick" }, thumbnailImage(photo, "Photo without a class"), box,
      element("span", { className: "guess" }));
  }, (own, photo) => {
    const guess = guesses.get(photo);
    own.querySelector("input").checked = selected.has(photo);
    own.querySelector(".guess").textContent = guess?.label ?? "";
    own.querySelector(".guess").hidden = !guess?.label;
    own.title = guess?.reason ?? "";
  });
  showSelected();
}

function showSelected() {
  $("selected").textContent = `${selected.size} selected`;
  $("move").disabled = selected.size === 0 || board.classes.length === 0;
  $("drop").disabled = selected.size === 0;
}

// Work.

const isWorking = () => board.work?.state === "running";

function showWork() {
  const work = board.work, running = isWorking();
  $("learn").disabled = running || board.classes.filter(({ count }) => count > 0).length < 2;
  $("review").disabled = running || board.classes.every(({ count }) => count === 0);
  $("progress").hidden = !running;
  if (running) {
    $("bar-label").textContent = `${work.activity}${work.total ? ` (${work.done} of ${work.total})` : "…"}`;
    if (work.total) $("bar").value = work.done / work.total; else $("bar").removeAttribute("value");
  }
  const task = board.task;
  $("download").hidden = !task;
  $("task-state").textContent = !task
    ? "Add photos to at least two classes, a few of each, then learn."
    : task.upToDate === false ? "The classes have changed since it learned: learn again."
      : `It knows ${task.classes.join(", ")}.`;
  // A board that has started anew counts from one again.
  if (!work) shown.work = 0;
  if (!work || running || shown.work === work.number) return;
  shown.work = work.number;
  const place = { learn: "learned", review: "reviewed", suggest: "suggested" }[work.kind];
  const failed = work.state === "failed";
  const line = element("p", { className: failed ? "failed" : "", textContent: work.sentence });
  if (failed) $(place).replaceChildren(line);
  else if (work.kind === "learn") $(place).replaceChildren(line, decided(work.result));
  else if (work.kind === "review") $(place).replaceChildren(line, ...reviewed(work.result));
  else {
    $(place).replaceChildren(line);
    shown.suggestions = work.result.photos;
    shown.all = false;
    selected.clear();
    showUnsorted();
  }
}

function decided(result) {
  const best = new Map();
  for (const one of result.candidates) {
    if (!best.has(one.method) || best.get(one.method).right < one.right) best.set(one.method, one);
  }
  const ways = [...best.values()].map((one) => `${one.method} ${one.right} of ${one.of}`).join(", ");
  const parts = [`${(result.seconds * 1000).toFixed(0)} ms`, `${(result.fileBytes / 1e6).toFixed(1)} MB`];
  if (ways) parts.unshift(`left-out photos right: ${ways}`);
  if (result.unsorted) parts.push(`${result.unsorted} photos without a class taken along`);
  return element("p", { className: "quiet", textContent: parts.join(" · ") });
}

function reviewed(result) {
  const parts = [];
  const list = (title, lines) => {
    if (lines.length) {
      parts.push(element("h3", { textContent: title }),
        element("ul", { className: "plain" }, ...lines.map((line) => element("li", { textContent: line }))));
    }
  };
  list("Would more photos help?", result.enough);
  list("Too few, or too much alike", result.thin);
  list("Confused", result.confused.slice(0, 8));
  const pairs = (title, rows) => {
    if (rows.length) parts.push(element("h3", { textContent: title }), element("ul", { className: "pairs" }, ...rows));
  };
  const pair = (photo, other, text, remedy) => {
    const row = element("li", {}, thumbnailImage(photo, "The photo"));
    if (other) row.append(thumbnailImage(other, "The photo that it looks like"));
    row.append(element("p", { textContent: text }), ...remedy);
    return row;
  };
  const removal = (photo) => {
    const button = element("button", { type: "button", className: "danger", textContent: "Remove" });
    button.addEventListener("click", async () => {
      if (await attempt(() => post("remove", { photo }))) button.closest("li").remove();
    });
    return button;
  };
  const mending = (photo, name) => {
    const button = element("button", { type: "button", textContent: `Move to ${name}` });
    button.addEventListener("click", async () => {
      if (await attempt(() => post("move", { photo, class: name }))) button.closest("li").remove();
    });
    return button;
  };
  pairs("Looks like another class", result.suspects.slice(0, 12).map((one) =>
    pair(one.photo, one.nearest, `In ${one.label}, looks like ${one.looksLike}.`, [mending(one.photo, one.looksLike), removal(one.photo)])));
  pairs("The same photo twice", result.copies.slice(0, 12).map((one) =>
    pair(one.photo, one.original, `In ${one.label}; the same is in ${one.originalLabel}.`, [removal(one.photo)])));
  pairs("Nothing on it", result.withoutContent.slice(0, 12).map((photo) => pair(photo, null, "One colour, or nearly no contrast.", [removal(photo)])));
  return parts;
}

function show(next) {
  board = next;
  showClasses();
  showUnsorted();
  showWork();
  $("undo").disabled = !board.undo;
  $("undo").textContent = board.undo ? `Undo ${board.undo}` : "Undo";
  $("view").hidden = !board.camera;
  $("collect").hidden = !board.camera;
}

// The live picture.

function showAnswer(answer) {
  const place = $("answer");
  if (!answer || answer.label == null) {
    place.dataset.state = "none";
    $("label").textContent = answer?.problem ?? (board.task ? "Looking…" : "Nothing learned yet");
    $("confidence").textContent = "";
    $("timing").textContent = "";
    return;
  }
  place.dataset.state = answer.unknown ? "unknown" : "known";
  $("label").textContent = answer.unknown ? "unknown" : answer.label;
  $("confidence").textContent = answer.unknown ? `nearest ${answer.label}` : percent(answer.confidence);
  $("meter-fill").style.width = `${100 * (answer.unknown ? 0 : answer.confidence)}%`;
  $("timing").textContent = `${answer.milliseconds.toFixed(1)} ms${answer.stable ? ` · steady: ${answer.stable}` : ""}`;
}

async function watchCamera() {
  let number = 0, address = null;
  for (;;) {
    if (!board.camera || document.hidden) {
      await sleep(300);
      continue;
    }
    try {
      const response = await ask(`api/frame?after=${number}`);
      const answer = JSON.parse(response.headers.get("Edgessl-Answer") ?? "{}");
      if (response.status === 200) {
        number = Number(response.headers.get("Edgessl-Frame"));
        const picture = $("picture"), old = address;
        address = URL.createObjectURL(await response.blob());
        picture.src = address;
        $("no-picture").hidden = true;
        if (old) URL.revokeObjectURL(old);
        showAnswer(answer);
      } else {
        $("no-picture").textContent = answer.problem ? `No frames: ${answer.problem}` : "Waiting for the next frame…";
        if (answer.problem) {
          $("no-picture").hidden = false;
          $("picture").removeAttribute("src");
        }
      }
    } catch {
      await sleep(1000);
    }
  }
}

async function watchBoard() {
  for (;;) {
    try {
      const response = await ask(`api/board?after=${board.revision}`);
      show(await response.json());
      connected(true);
      await sleep(200);
    } catch (error) {
      if (error.status === 401) location.reload();
      connected(false);
      await sleep(1000);
      board.revision = -1;
    }
  }
}

// What a person does.

$("new-class").addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = $("new-name").value.trim();
  if (name && (await attempt(() => post("classes", { class: name })))) $("new-name").value = "";
});
$("undo").addEventListener("click", () => attempt(() => post("undo")));
$("learn").addEventListener("click", () => attempt(() => post("learn", $("use-unsorted").checked ? { unsorted: 1 } : {})));
$("review").addEventListener("click", () => attempt(() => post("review")));
$("suggest").addEventListener("click", () => attempt(() => post("suggest", { count: 24 })));
$("show-all").addEventListener("click", () => {
  shown.all = !shown.all;
  showUnsorted();
});
$("select-all").addEventListener("click", () => {
  const all = [...$("unsorted-list").children].map((child) => child.dataset.key);
  const isFull = all.every((photo) => selected.has(photo));
  for (const photo of all) if (isFull) selected.delete(photo); else selected.add(photo);
  showUnsorted();
});
$("move").addEventListener("click", () => attempt(() => post("move", { class: $("target").value, photo: [...selected] })));
$("drop").addEventListener("click", () => attempt(() => post("remove", { photo: [...selected] })));
$("forget").addEventListener("click", () => {
  if (confirm("Delete the removed photos for good? Nothing can be undone then.")) {
    attempt(async () => {
      const answer = await post("forget");
      toast("Removed photos are deleted.");
      return answer;
    });
  }
});
picked($("add-unsorted"), (files) => upload(files, {}));
picked($("ask"), ([file]) => attempt(async () => {
  const photo = await smaller(file);
  const answer = await post("classify", {}, photo);
  $("asked").hidden = false;
  $("asked-picture").src = URL.createObjectURL(photo);
  $("asked-answer").textContent = answer.unknown
    ? `unknown (nearest ${answer.label})` : `${answer.label}, ${percent(answer.confidence)}`;
}));

let collecting = false;
$("collect").addEventListener("click", async () => {
  collecting = !collecting;
  $("collect").setAttribute("aria-pressed", collecting);
  $("collect").textContent = collecting ? "Stop collecting" : "Collect frames";
  while (collecting) {
    await attempt(() => post("frames"));
    await sleep(1000);
  }
});

watchBoard();
watchCamera();
