// SPDX-License-Identifier: ISC
// Dialogs over the page, and the fields of their forms. A dialog holds the focus while it is open, and gives it back;
// Esc and a click beside it close it.
import { el, icon } from './dom.js';

let made = 0;

export function openDialog(title, children, { classes = '', closed = () => {} } = {}) {
  const id = `dialog-${++made}`;
  const close = el('button.icon', { type: 'button', ariaLabel: 'Close', onclick: () => dialog.close() }, icon('close'));
  const dialog = el(`dialog.panel${classes}`, { 'aria-labelledby': id },
                    el('header', {}, el('h2', { id, dir: 'auto' }, title), close), el('div.inside', { tabIndex: 0 }, ...children));
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  dialog.addEventListener('close', () => { dialog.remove(); closed(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export const isDialogOpen = () => !!document.querySelector('dialog[open]');

// A labelled input with a place below it for what is wrong: { part, input, tell(text, isBad) }.
export function field(label, props = {}) {
  const id = `field-${++made}`;
  const input = el('input.field', { id, autocapitalize: 'none', spellcheck: false, 'aria-describedby': `${id}-why`, ...props });
  const why = el('p.why', { id: `${id}-why`, role: 'status' });
  const tell = (text, isBad = true) => { why.textContent = text; why.classList.toggle('bad', isBad); };
  return { part: el('div.part', {}, el('label', { htmlFor: id }, label), input, why), input, tell };
}

// A box to tick: { part, input }.
export function tick(label, isOn, changed = null) {
  const input = el('input', { type: 'checkbox', checked: isOn, onchange: changed ? () => changed(input.checked) : null });
  return { part: el('label.check', {}, input, el('span', {}, label)), input };
}

// options: [value, text] each.
export function choice(label, options, classes = '.field') {
  const select = el(`select${classes}`, { ariaLabel: label }, ...options.map(([value, text]) => el('option', { value }, text)));
  return select;
}

export function form(submit, ...children) {
  return el('form.part', { onsubmit: (event) => { event.preventDefault(); submit(); } }, ...children);
}

export const button = (text, onclick, what = 'button.btn.soft') => el(what, { type: 'button', onclick }, text);

// A question with one thing to do: yes().
export function askFirst(title, text, verb, yes) {
  const dialog = openDialog(title, [el('p', {}, text), el('div.row', {},
    button(verb, () => { dialog.close(); yes(); }, 'button.btn'), button('Cancel', () => dialog.close()))]);
}
