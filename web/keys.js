// SPDX-License-Identifier: ISC
// Keys: a list of them, and "Go to" by name.
import { openDialog } from './dialog.js';
import { el } from './dom.js';

const isCtrl = (e) => (e.ctrlKey || e.metaKey) && !e.altKey;
const ctrl = (key, isShift) => (e) => isCtrl(e) && e.shiftKey === isShift && e.key.toLowerCase() === key;
const alt = (key, isShift) => (e) => e.altKey && e.shiftKey === isShift && e.key === key;

// what it does, how it is shown, whether an event is it
const list = [
  ['goTo', 'Go to a room or a person', 'Ctrl K', ctrl('k', false)],
  ['up', 'The room above', 'Alt ↑', alt('ArrowUp', false)],
  ['down', 'The room below', 'Alt ↓', alt('ArrowDown', false)],
  ['upUnread', 'The unread room above', 'Alt Shift ↑', alt('ArrowUp', true)],
  ['downUnread', 'The unread room below', 'Alt Shift ↓', alt('ArrowDown', true)],
  ['find', 'Search', 'Ctrl Shift F', ctrl('f', true)],
  ['', 'Scroll the messages while writing', 'Page ↑ ↓'],
  ['', 'In the messages: one by one; what can be done with one', '↑ ↓, Enter'],
  ['', 'Complete a name, a room or a command', 'Tab'],
  ['', 'Your last messages, in an empty box', '↑'],
  ['', 'A new line', 'Shift Enter'],
  ['escape', 'Close what is open, then the newest message, then the box', 'Esc', (e) => e.key === 'Escape'],
  ['keys', 'This list', 'Ctrl /', (e) => isCtrl(e) && e.key === '/'],
];

// does: by the first word of a row, a function; it returns false if the key is not its own now.
export function listen(does) {
  addEventListener('keydown', (event) => {
    const row = list.find(([name, , , is]) => name && is(event));
    if (row && does[row[0]]() !== false) event.preventDefault();
  });
}

export function showKeys() {
  openDialog('Keys', [el('dl.keys', {}, ...list.flatMap(([, text, shown]) => [el('dt', {}, el('kbd', {}, shown)), el('dd', {}, text)]))],
             { classes: '.narrow' });
}

// Those whose name begins with what is typed come first, then those that contain it.
function sorted(talks, text) {
  const low = text.toLowerCase().replace(/^#/, ''), at = (t) => t.title.toLowerCase().indexOf(low);
  return talks.filter((t) => at(t) >= 0).sort((a, b) => !!at(a) - !!at(b) || b.forMe - a.forMe || b.unread - a.unread);
}

export function openGoTo(talks, go) {
  const input = el('input.field', { role: 'combobox', ariaLabel: 'Room or person', autocomplete: 'off', 'aria-expanded': 'true',
                                    'aria-controls': 'go-list', 'aria-autocomplete': 'list' });
  const options = el('ul', { id: 'go-list', role: 'listbox', ariaLabel: 'Rooms and people' });
  const dialog = openDialog('Go to', [input, options], { classes: '.narrow' });
  let found = [], at = 0;
  const choose = (talk) => { dialog.close(); go(talk); };
  const draw = () => {
    options.replaceChildren(...found.map((talk, i) => el('li', { id: `go-${i}`, role: 'option', 'aria-selected': String(i === at), dir: 'auto',
                                                                 onclick: () => choose(talk) }, talk.key,
                                                        talk.unread ? el('b', {}, String(talk.unread)) : null)));
    input.setAttribute('aria-activedescendant', found.length ? `go-${at}` : '');
    options.children[at]?.scrollIntoView({ block: 'nearest' });
  };
  const filter = () => { found = sorted(talks, input.value).slice(0, 50); at = 0; draw(); };
  input.oninput = filter;
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      at = (at + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % (found.length || 1);
      draw();
      event.preventDefault();
    } else if (event.key === 'Enter' && found[at]) {
      event.preventDefault();
      choose(found[at]);
    }
  });
  input.focus();
  filter();
}
