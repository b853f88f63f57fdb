// SPDX-License-Identifier: ISC
// Times as a reader in this place and language expects them.

const format = (parts) => new Intl.DateTimeFormat(undefined, parts);
const inYear = { day: 'numeric', month: 'long' }, inWeek = { weekday: 'long', ...inYear };
const time = format({ hour: '2-digit', minute: '2-digit' }), date = format(inYear), day = format(inWeek);
const dayOfYear = format({ ...inWeek, year: 'numeric' });

export const timeText = (ms) => time.format(ms);

// "11:40", or on another day "11:40 on 3 December"
export const untilText = (ms) => (isSameDay(ms, Date.now()) ? timeText(ms) : `${timeText(ms)} on ${dateText(ms)}`);

export const dateText = (ms) => date.format(ms);

export const isSameDay = (a, b) => new Date(a).toDateString() === new Date(b).toDateString();

export function dayText(ms, now = Date.now()) {
  const text = (new Date(ms).getFullYear() === new Date(now).getFullYear() ? day : dayOfYear).format(ms);
  if (isSameDay(ms, now)) return `Today, ${text}`;
  return isSameDay(ms, now - 86400000) ? `Yesterday, ${text}` : text;
}
