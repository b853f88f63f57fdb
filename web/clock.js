// SPDX-License-Identifier: ISC
// Times as a reader in this place and language expects them.

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayOfYear = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export const timeText = (ms) => time.format(ms);

const date = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long' });

// "11:40", or on another day "11:40 on 3 December"
export const untilText = (ms) => (isSameDay(ms, Date.now()) ? timeText(ms) : `${timeText(ms)} on ${dateText(ms)}`);

export const dateText = (ms) => date.format(ms);

export const isSameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export function dayText(ms, now = Date.now()) {
  const text = (new Date(ms).getFullYear() === new Date(now).getFullYear() ? day : dayOfYear).format(ms);
  if (isSameDay(ms, now)) return `Today, ${text}`;
  return isSameDay(ms, now - 86400000) ? `Yesterday, ${text}` : text;
}
