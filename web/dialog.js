// SPDX-License-Identifier: ISC
// Dialogs over the page, and the fields of their forms. A dialog holds the focus while it is open, and gives it back;
// Esc and a click beside it close it.
import { el, icon, own } from './dom.js';
import { trimmed } from './text.js';

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

// A place for what came of it: { part, tell(text, isBad) }.
export function remark(props = {}) {
  const part = el('p.why', { role: 'status', ...props });
  return { part, tell(text, isBad = true) { part.textContent = text; part.classList.toggle('bad', isBad); } };
}

// A labelled input with a place below it for what is wrong: { part, input, text, tell(text, isBad) }. `text` is what was
// typed, trimmed.
export function field(label, props = {}) {
  const id = `field-${++made}`;
  const input = el('input.field', { id, autocapitalize: 'none', spellcheck: false, 'aria-describedby': `${id}-why`, ...props });
  const why = remark({ id: `${id}-why` });
  return { part: el('div.part', {}, el('label', { htmlFor: id }, label), input, why.part), input, tell: why.tell,
           get text() { return trimmed(input.value); } };
}

// A box to tick: { part, input }.
export function tick(label, isOn, changed = null) {
  const input = el('input', { type: 'checkbox', checked: isOn, onchange: changed ? () => changed(input.checked) : null });
  return { part: el('label.check', {}, input, el('span', {}, label)), input };
}

// options: [value, text] each.
export function choice(label, options, classes = '.field') {
  return el(`select${classes}`, { ariaLabel: label }, ...options.map(([value, text]) => el('option', { value }, text)));
}

export function form(submit, ...children) {
  return el('form.part', { onsubmit: own(submit) }, ...children);
}

export const button = (text, onclick, what = 'button.btn.soft') => el(what, { type: 'button', onclick }, text);

// A button that closes its dialog, and does something.
export const closing = (text, does, what) => button(text, (event) => { event.target.closest('dialog').close(); does(); }, what);

// A question with one thing to do: yes().
export function askFirst(title, text, verb, yes) {
  openDialog(title, [el('p', {}, text), el('div.row', {}, closing(verb, yes, 'button.btn'), closing('Cancel', () => {}))]);
}
