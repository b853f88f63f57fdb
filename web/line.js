// SPDX-License-Identifier: ISC
// Lines of the native protocol (doc/protocol.md) to plain objects. Pure.

// { id, time, verb, rest }: id is a BigInt and time in milliseconds, both null for a line without tags.
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

// HIST #room id time name text, or with a lone * before the name: an action.
export function parseHist(rest) {
  const [room, id, time, after] = cutWords(rest, 3);
  const isAction = after.startsWith('* ');
  const [who, text] = cut(isAction ? after.slice(2) : after);
  const continues = text.endsWith(' +');
  return { room, id: BigInt(id), time: Date.parse(time), who, kind: isAction ? 'me' : 'say',
           text: continues ? text.slice(0, -2) : text, continues };
}
