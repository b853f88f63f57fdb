// SPDX-License-Identifier: ISC
// Lines of the native protocol (doc/protocol.md) to plain objects, and back. Pure.
import { unseen } from './text.js';

// { id, time, verb, rest, isOk }: id is a BigInt and time in milliseconds, both null for a line without tags.
export function parseLine(line) {
  const out = { id: null, time: null, verb: '', rest: '' };
  if (line.startsWith('@')) {
    const end = line.indexOf(' ');
    for (const tag of line.slice(1, end).split(';')) {
      const at = tag.indexOf('=');
      if (tag.slice(0, at) === 'id') out.id = BigInt(tag.slice(at + 1));
      if (tag.slice(0, at) === 'time') out.time = Date.parse(tag.slice(at + 1));
    }
    line = line.slice(end + 1);
  }
  [out.verb, out.rest] = cut(line);
  out.isOk = out.verb === 'OK';
  return out;
}

// The first word, and what follows it.
export function cut(text) {
  const at = text.indexOf(' ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

// The first n words and the rest.
export function cutWords(text, n) {
  const words = [];
  for (let i = 0; i < n; i++) {
    const [word, rest] = cut(text);
    words.push(word);
    text = rest;
  }
  return [...words, text];
}

// What follows the verb in the lines that have it.
export const restsOf = (lines, verb) => lines.filter((l) => l.verb === verb).map((l) => l.rest);

// HIST #room id time name text, or with a lone * before the name: an action.
export function parseHist(rest) {
  const [room, id, time, after] = cutWords(rest, 3);
  const isAction = after.startsWith('* ');
  const [who, text] = cut(isAction ? after.slice(2) : after);
  const continues = text.endsWith(' +');
  return { room, id: BigInt(id), time: Date.parse(time), who, kind: isAction ? 'me' : 'say',
           text: continues ? text.slice(0, -2) : text, continues };
}

// ---- what must not be said aloud: commands with a secret in them, mistyped (src/proto/aloud.c has the same rule) ----

const marks = /[\x01-@[-\x60{-©«-´¶-¹»-¿×÷\u02b0-\u036f\u060c\u061b\u061f\u1680\u2000-\u2bff\u2e00-\u2e7f\u3000-\u3020\u30fb\ufe10-\ufe6f\uff01-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\ufffd\p{DI}]/u;
// Those of them that are seen and typed before a word on purpose, so not in the place of a slash.
const leads = /["-$'(*<@[{¡«-\xad»¿\u2010-\u205e\u3008-\u3020]/u;
const letter = /[A-Za-zＡ-Ｚａ-ｚ]/u;
const secrets = ['USERNAME', 'REGISTER', 'PASSWD', 'UNREGISTER', 'RESUME', 'PRIVMSG'];

// True for such a line: it begins with no slash.
export function isSecret(line) {
  const all = [...line];
  let at = all.findIndex((c) => !marks.test(c));
  if (at < 0) return false;
  const isBare = all.slice(0, at).every((c) => unseen.test(c));
  if (isBare && all[at] > '\x7f' && !letter.test(all[at])) at++;
  const before = all.slice(0, at).filter((c) => !unseen.test(c));
  const bySlash = before.length === 1 && before[0] === all[at - 1] && !leads.test(before[0]);
  let end = at;
  while (end < all.length && letter.test(all[end])) end++;
  if (end < all.length && !marks.test(all[end])) return false;
  const typed = all.slice(at, end).join('').normalize('NFKC'), verb = typed.toUpperCase();
  const words = all.slice(end).join('').split(unseen).filter((w) => w);
  if (verb === 'SET' && words.length === 3 && /^[#＃]/.test(words[0])) words.shift();
  const hasKey = words.length === 2;
  if (secrets.includes(verb)) return true;
  if (bySlash && ['MSG', 'NAME'].includes(verb)) return words.length >= 2;
  if (verb === 'SET') return hasKey && words[0].toUpperCase() === 'KEY';
  return ['JOIN', 'ALSO'].includes(verb) && hasKey && (bySlash || typed === verb || /^[#＃]/.test(words[0]));
}
