// SPDX-License-Identifier: ISC
// What is told in passing: to those who listen, each line once; and short remarks and invitations above the composer.
import { byId, el, icon } from './dom.js';
import { button } from './dialog.js';

const place = byId('toast');
const SOON_MS = 300, TOAST_MS = 8000;
let unsaid = [], sayTimer = null, toastTimer = null;

// One line; when many wait, how many.
export function announce(text) {
  unsaid.push(text);
  clearTimeout(sayTimer);
  sayTimer = setTimeout(() => {
    byId('announce').textContent = unsaid.length > 2 ? `${unsaid.length} new messages` : unsaid.join('. ');
    unsaid = [];
  }, SOON_MS);
}

export function toast(text) {
  place.textContent = text;
  place.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { place.hidden = true; }, TOAST_MS);
}

// Stays until one of its buttons is pressed.
export function card(text, verb, action) {
  const part = el('div.card', {}, el('p', {}, text), button(verb, () => { part.remove(); action(); }, 'button.link'),
                  el('button.icon', { type: 'button', ariaLabel: 'Close', onclick: () => part.remove() }, icon('close')));
  byId('cards').append(part);
}
