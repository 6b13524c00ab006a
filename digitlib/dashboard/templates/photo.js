// A photo: chosen, taken, dropped or pasted, made smaller here, and sent to the kernel in pieces.
const LONGER_SIDE = 1600; // px of the picture that is sent
const MOST_FILE = 40e6; // bytes of the file that is opened
const MOST_SENT = 1.4e6; // bytes
const PIECE = 14000; // characters of base64 a message; the server refuses 16 KB
const ARRIVAL = 20000; // ms that a piece may take
const NO_PICTURE = "This file is no picture that the browser can open. Choose a PNG, JPEG or WebP.";
const TOO_LARGE = "The file has more than 40 MB. Make the picture smaller.";
const NOT_SENT = "The picture could not be sent. Try again.";
const photoPart = (name) => document.querySelector(`.digit-page .digit-photo-${name}`);
const problem = (text) => {
  const line = photoPart("problem");
  if (line) line.textContent = text;
};

// The browser turns the picture upright, as its EXIF says, and draws it without any script in it.
const opened = async (file) => {
  if (file.size > MOST_FILE) throw Error(TOO_LARGE);
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  try {
    await picture.decode();
  } catch {
    throw Error(NO_PICTURE);
  } finally {
    URL.revokeObjectURL(picture.src);
  }
  if (!picture.naturalWidth || !picture.naturalHeight) throw Error(NO_PICTURE);
  return picture;
};
const shrunk = async (file) => {
  const picture = await opened(file);
  const { naturalWidth: width, naturalHeight: height } = picture;
  const scale = Math.min(1, LONGER_SIDE / Math.max(width, height));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.max(1, Math.round(scale * width)), height: Math.max(1, Math.round(scale * height)),
  });
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = (...kind) => new Promise((resolve) => canvas.toBlob(resolve, ...kind));
  if (file.type !== "image/jpeg") { // a screenshot stays exact, and what is clear stays clear
    const exact = await blob("image/png");
    if (exact && exact.size < MOST_SENT) return exact;
  }
  pen.globalCompositeOperation = "destination-over";
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  for (const quality of [0.88, 0.7]) {
    const photo = await blob("image/jpeg", quality);
    if (photo && photo.size < MOST_SENT) return photo;
  }
  throw Error(NO_PICTURE); // noise from edge to edge
};
const asBase64 = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.split(",")[1]);
  reader.onerror = () => reject(Error(NO_PICTURE));
  reader.readAsDataURL(blob);
});

// Widgets merge what changes while a message is under way, so each piece waits for the one before.
const until = async (holds) => {
  for (const begun = Date.now(); Date.now() - begun < ARRIVAL;) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw Error(NOT_SENT);
};
const photoInput = () => photoPart("piece input");
const arrived = (text) => until(() => {
  const said = photoPart("received")?.textContent.trim();
  if (said === "refused") throw Error(NOT_SENT);
  return said === text;
});
const send = async (blob) => {
  const text = await asBase64(blob), id = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
  const count = Math.ceil(text.length / PIECE);
  await until(() => photoInput()); // the panel may have been opened just now
  for (let number = 0; number < count; number++) {
    const input = photoInput();
    input.value = `${id} ${number} ${count} ${text.slice(PIECE * number, PIECE * (number + 1))}`;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    await arrived(`${id} ${number + 1}`);
  }
};

let isSending = false;
const readPhoto = async (file) => {
  if (!file || isSending) return;
  isSending = true;
  if (!document.querySelector(".digit-page.has-photo")) press("digit-photo-open");
  problem("");
  photoPart("choose")?.classList.add("is-sending");
  try {
    await send(await shrunk(file));
  } catch (error) {
    problem(error.message);
  }
  photoPart("choose")?.classList.remove("is-sending");
  isSending = false;
};
document.addEventListener("change", ({ target }) => {
  if (!target.matches?.(".digit-photo-file input")) return;
  readPhoto(target.files[0]);
  target.value = ""; // so that the same file can be chosen again
});
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
for (const kind of ["dragover", "drop"]) document.addEventListener(kind, (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault(); // the browser would leave the page and show the file
  if (kind === "drop") readPhoto(event.dataTransfer.files[0]);
});
document.addEventListener("paste", ({ clipboardData }) => readPhoto(clipboardData?.files[0]));
