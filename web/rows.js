// SPDX-License-Identifier: ISC
// From the rows of a talk to what the log shows, in order: messages in groups, days, the "new" line, seams, and folded
// comings and goings. Pure.
import { isSameDay } from './clock.js';

const GROUP_MS = 5 * 60000;
const folded = ['JOIN', 'LEAVE', 'RENAME'];

// Items are { kind, key, sign }: `key` is the same for the same thing, `sign` changes when it looks different. Of kind
// 'message' { row, isHead }, 'event' { row }, 'fold' { rows }, 'day' and 'new' { time }, 'seam' { after }.
// gaps: Map of a row's id to whether it is known that lines are missing behind it.
export function itemsOf(rows, { newFrom = null, gaps = new Map(), me = '' } = {}) {
  const items = [];
  const seam = (row) => gaps.get(row?.id) && items.push({ kind: 'seam', key: `seam ${row.id}`, sign: '', after: row.id });
  let before = null;
  for (const row of rows) {
    const isApart = seam(before);
    const isDay = !before || !isSameDay(before.time, row.time);
    if (isDay) items.push({ kind: 'day', key: `day ${new Date(row.time).toDateString()}`, sign: '', time: row.time });
    if (row === newFrom) items.push({ kind: 'new', key: 'new', sign: `${row.time}`, time: row.time });
    const isBroken = isDay || isApart || row === newFrom;
    if (row.kind === 'event') addEvent(items, row, isBroken);
    else items.push(message(row, isBroken ? null : before, me));
    before = row;
  }
  seam(before);
  return items;
}

function message(row, before, me) {
  const isHead = !before || before.kind === 'event' || before.who !== row.who || row.time - before.time > GROUP_MS;
  return { kind: 'message', key: row, row, isHead, sign: `${isHead} ${row.state} ${row.why} ${row.isForMe} ${me}` };
}

function addEvent(items, row, isBroken) {
  const last = items[items.length - 1];
  if (!folded.includes(row.verb) || isBroken || !(last?.kind === 'fold' || folded.includes(last?.row?.verb))) {
    items.push({ kind: 'event', key: row, row, sign: '' });
    return;
  }
  const rows = [...(last.rows ?? [last.row]), row];
  items[items.length - 1] = { kind: 'fold', key: last.key, rows, sign: `${rows.length}` };
}

function list(names) {
  if (names.length > 3) return `${names[0]}, ${names[1]} and ${names.length - 2} others`;
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}` : names[0];
}

// "frank, gus and 3 others joined, dave left": who is said by the last thing that they did.
export function foldText(rows) {
  const last = new Map();
  for (const row of rows) {
    last.delete(row.who);
    last.set(row.who, row);
  }
  const of = (verb) => [...last.values()].filter((row) => row.verb === verb);
  const told = (all, did) => (all.length ? `${list(all.map((row) => row.who))} ${did}` : '');
  return [told(of('JOIN'), 'joined'), told(of('LEAVE'), 'left'), ...of('RENAME').map((row) => row.text)].filter(Boolean).join(', ');
}
