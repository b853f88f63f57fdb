// SPDX-License-Identifier: ISC
// What a text is made of: links, code, the reader's name; and how texts are cut into lines. Pure.

const encoder = new TextEncoder(), decoder = new TextDecoder();
const trailing = /[.,;:!?'"]+$/;

function trimLink(link) {
  let end = link.replace(trailing, '');
  const pairs = { ')': '(', ']': '[', '}': '{' };
  while (pairs[end.slice(-1)] && !end.includes(pairs[end.slice(-1)]))
    end = end.slice(0, -1).replace(trailing, '');
  return end;
}

// The address that a link leads to, or null if the text is none.
export function linkOf(text) {
  if (!/^https?:\/\//i.test(text))
    return null;
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

const isWord = (text) => /[\p{L}\p{N}_]/u.test(text);

// Where `name` stands in the text as a whole word, in any case; -1: nowhere.
function findName(text, name) {
  const low = text.toLowerCase(), want = name.toLowerCase();
  for (let at = low.indexOf(want); want && at >= 0; at = low.indexOf(want, at + 1))
    if (!(at && isWord(text[at - 1])) && !isWord(text[at + want.length] || ' '))
      return at;
  return -1;
}

export function mentions(text, name) {
  return findName(text, name) >= 0;
}

function splitName(text, name) {
  const parts = [];
  for (let at = findName(text, name); at >= 0; at = findName(text, name)) {
    if (at) parts.push({ kind: 'text', text: text.slice(0, at) });
    parts.push({ kind: 'name', text: text.slice(at, at + name.length) });
    text = text.slice(at + name.length);
  }
  if (text) parts.push({ kind: 'text', text });
  return parts;
}

// The parts of a text in order: { kind: 'text' | 'link' | 'code' | 'name', text, url }.
export function partsOf(text, name) {
  const parts = [];
  const pattern = /\x60([^\x60]+)\x60|(?<![^\s([{<"'])https?:\/\/[^\s<>"]+/giu;
  let at = 0;
  for (const { 0: all, 1: code, index } of text.matchAll(pattern)) {
    const shown = code === undefined ? trimLink(all) : all, url = code === undefined ? linkOf(shown) : null;
    if (code === undefined && !url) continue;
    parts.push(...splitName(text.slice(at, index), name), url ? { kind: 'link', text: shown, url } : { kind: 'code', text: code });
    at = index + shown.length;
  }
  parts.push(...splitName(text.slice(at), name));
  return parts;
}

const fold = (word) => word.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

// The text in parts, { kind: 'text' | 'found', text }: found is what a search for these words is about.
export function partsFound(text, words) {
  const wanted = words.toLowerCase().match(/[\p{L}\p{N}\p{M}]+\*?/gu) ?? [], parts = [];
  const isWanted = (word) => wanted.some((w) => (w.endsWith('*') ? fold(word).startsWith(fold(w.slice(0, -1))) :
    fold(word) === fold(w) || (/[\u0e00-\u0eff\u1100-\u11ff\u2e80-\ud7ff]/.test(w) && fold(word).includes(fold(w)))));
  for (const [part] of text.matchAll(/[\p{L}\p{N}\p{M}]+|[^\p{L}\p{N}\p{M}]+/gu))
    parts.push({ kind: isWanted(part) ? 'found' : 'text', text: part });
  return parts;
}

// What the server will make of a text: it removes control characters, and marks that change the direction of writing.
export function cleaned(text) {
  return decoder.decode(encoder.encode(text)).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
}

export function isEmojiOnly(text) {
  return text.length < 40 && /^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\s)+$/u.test(text) &&
    /\p{Extended_Pictographic}/u.test(text);
}

// Blanks of any width and characters without a shape of their own; chatd refuses texts of nothing else (src/proto/text.c).
export const unseen = /[\s\p{DI}\p{Cc}\u2800\ufff9-\ufffb]+/u;

export function isBlank(text) {
  return text.replace(new RegExp(unseen, 'gu'), '') === '';
}

// Without blanks around it; empty if there is nothing to be seen.
export const trimmed = (text) => (isBlank(text) ? '' : text.trim());

export function bytesOf(text) {
  return encoder.encode(text).length;
}

// Lines of at most `most` bytes each, cut at blanks where there are some.
export function linesOf(text, most) {
  const lines = [];
  for (let line of text.split(/\r\n|[\n-\r\x85\u2028\u2029]/)) {
    while (bytesOf(line) > most) {
      let end = Math.min(line.length, most);
      while (bytesOf(line.slice(0, end)) > most || /[\ud800-\udbff]$/.test(line.slice(0, end))) end--;
      const blank = line.lastIndexOf(' ', end);
      if (blank > end / 2) end = blank;
      lines.push(line.slice(0, end));
      line = line.slice(end).trimStart();
    }
    if (!isBlank(line)) lines.push(line);
  }
  return lines;
}

// For sorting.
export const byName = new Intl.Collator().compare;

// One of twelve colours, by FNV-1a of the lower-case name.
export function colourOf(name) {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(name.toLowerCase()))
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % 12;
}
