// SPDX-License-Identifier: ISC
// The only place that makes elements. Texts become text nodes and never markup.
import { timeText } from './clock.js';

const icons = {
  find: 'M4 9a5 5 0 1 0 10 0a5 5 0 1 0-10 0m9 4 4 4',
  people: 'M5 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0M2.5 16.5c.5-3 2.5-4.5 5.5-4.5s5 1.5 5.5 4.5M13 4.5a3 3 0 0 1 0 5m2 3c1.5.6 2.3 2 2.5 4',
  plus: 'M10 4v12M4 10h12',
  send: 'M10 16V4.5M5 9l5-5 5 5',
  down: 'M10 4v11.5M5 11l5 5 5-5',
  back: 'M12.5 4 6.5 10l6 6',
  close: 'm5 5 10 10M15 5 5 15',
  pen: 'm4 16 .8-3.5L13 4.3 15.7 7l-8.2 8.2z',
  more: 'M4.5 10h.1M10 10h.1M15.5 10h.1',
  gear: 'M3 6h7m4 0h3M3 14h3m4 0h7M10 6a2 2 0 1 0 4 0a2 2 0 1 0-4 0M6 14a2 2 0 1 0 4 0a2 2 0 1 0-4 0',
  hush: 'M5.5 13.5V9a4.5 4.5 0 0 1 9 0v4.5zM3.5 13.5h13M8.5 16.5h3M3.5 3.5l13 13',
  lock: 'M4.75 9.25h10.5v7.5H4.75zM7 9V6.5a3 3 0 0 1 6 0V9',
  wait: 'M3.25 10a6.75 6.75 0 1 0 13.5 0a6.75 6.75 0 1 0-13.5 0M10 6v4l2.5 1.8',
};

// el('button.icon', { ariaLabel: 'Send', onclick }, 'text', otherElement)
export function el(what, props = {}, ...children) {
  const [tag, ...classes] = what.split('.');
  const e = document.createElement(tag);
  if (classes.length) e.className = classes.join(' ');
  for (const [key, value] of Object.entries(props))
    if (key in e) e[key] = value;
    else if (value !== false && value !== null) e.setAttribute(key, value);
  e.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return e;
}

export const clockTime = (ms) => el('time', { dateTime: new Date(ms).toISOString() }, timeText(ms));

function drawn(tag, attributes, ...children) {
  const e = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

// Without a label it says nothing to those who do not see it.
export function icon(name, label) {
  return drawn('svg', { viewBox: '0 0 20 20', ...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': 'true' }) },
               drawn('path', { d: icons[name] }));
}

// For an event that does this, and nothing of its own.
export const own = (does) => (event) => { event.preventDefault(); does(event); };

export const byId = (id) => document.getElementById(id);
