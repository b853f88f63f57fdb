// SPDX-License-Identifier: ISC
// Why one cannot write in a talk, in place of the composer. Pure.
import { untilText } from './clock.js';

const quoted = (why) => (why ? `: “${why}”` : ''), upto = (bar) => (bar?.until ? ` until ${untilText(bar.until)}` : '');

// null, or { kind, text, action, until }: action is 'join' or 'key', what would help; until is when it is over, in ms.
export function barOf(talk, me, now) {
  const bar = talk.bar && talk.bar.until && talk.bar.until <= now ? null : talk.bar;
  const isHeard = talk.rank(me) > 0;
  if (!talk.isRoom) return null;
  if (!talk.isIn) return outside(talk, bar);
  if (bar?.kind === 'muted')
    return { kind: 'muted', text: `You are muted here${upto(bar)}${quoted(bar.why)}`, until: bar.until };
  if (talk.options.get('moderated') === 'on' && !isHeard)
    return { kind: 'moderated', text: 'This room is moderated: only people with a voice may write' };
  if (bar?.kind === 'slow' && !isHeard)
    return { kind: 'slow', text: `Slow mode: you can write again in ${Math.ceil((bar.until - now) / 1000)} s`, until: bar.until };
  return null;
}

function outside(talk, bar) {
  if (bar?.kind === 'kicked') return { kind: 'kicked', text: `${bar.by} removed you from here${quoted(bar.why)}`, action: 'join' };
  if (bar?.kind === 'banned') return { kind: 'banned', text: `You are banned from here${upto(bar)}${quoted(bar.why)}` };
  if (bar?.kind === 'full') return { kind: 'full', text: `${talk.key} is full`, action: 'join' };
  if (bar?.kind === 'key') return { kind: 'key', text: `${talk.key} needs a key or an invitation`, action: 'key' };
  return { kind: 'out', text: `You are not in ${talk.key}`, action: 'join' };
}

// "until <time>: <reason>", as it stands behind Muted and Banned
export function parseEnd(text) {
  const has = /^(?:Muted|Banned)(?: until (\S+?))?(?:: (.*))?$/.exec(text);
  return { until: has?.[1] ? Date.parse(has[1]) : 0, why: has?.[2] ?? '' };
}

// What an ERROR to something said in a room, or to its joining, tells of the room: null, or a bar of the talk.
export function barOfError(text, now) {
  if (text.startsWith('Muted')) return { kind: 'muted', ...parseEnd(text) };
  if (text.startsWith('Banned')) return { kind: 'banned', ...parseEnd(text) };
  if (text === 'Permission denied') return { kind: 'key', until: 0 };
  if (text.startsWith('Room is full')) return { kind: 'full', until: 0 };
  const slow = /^Slow mode, wait (\d+) s$/.exec(text);
  return slow ? { kind: 'slow', until: now + slow[1] * 1000 } : null;
}
