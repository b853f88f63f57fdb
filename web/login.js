// SPDX-License-Identifier: ISC
// The door: a name, and a password if the name has one. What is refused is said beside its field.
import { byId, own } from './dom.js';
import { trimmed, unseen } from './text.js';

const words = { 'Password required': 'This name is registered. If it is yours, enter its password; if not, pick another name.',
                'Username taken': 'Somebody here has this name now. Pick another one.',
                'Username reserved': 'Nobody may have this name. Pick another one.',
                'Invalid username': 'A name has at most 32 letters, digits, _ - and . and begins with a letter or a digit.',
                'New password set by the operator': 'The operator has set a new password for this name. Log in with it.',
                'Logged out': 'You were logged out by another device.',
                'Token not valid': 'You were logged out. Log in again.' };
const calm = ['Password required', 'Token not valid', 'Logged out'];

function tell(part, text, isBad = true) {
  byId(`${part}-why`).textContent = text;
  byId(`${part}-why`).classList.toggle('bad', isBad);
}

export class Door {
  // enter({ name, password, stays }), here(): this page instead of another one
  constructor(on) {
    byId('login').onsubmit = own(() => {
      const name = trimmed(byId('name').value), password = byId('password').value;
      tell('name', unseen.test(name) ? 'A name is one word: it has no blanks.' : '');
      tell('password', /\s/.test(password) ? 'A password has no blanks here.' : '');
      if (!unseen.test(name) && !/\s/.test(password)) on.enter({ name, password, stays: byId('stay').checked });
    });
    byId('here').onclick = () => { byId('elsewhere').hidden = true; on.here(); };
  }

  show(name, why = '') {
    byId('app').hidden = true;
    byId('door').hidden = false;
    byId('name').value = name || '';
    byId('name').focus();
    tell('name', why);
  }

  // This browser has the page open already.
  showElsewhere(name) {
    this.show(name);
    byId('elsewhere').hidden = false;
    byId('here').focus();
  }

  hide() {
    byId('door').hidden = true;
    byId('password').value = '';
    tell('password', '');
  }

  refused(why, name) {
    const at = /password/i.test(why) || why === 'Account locked' ? 'password' : 'name';
    this.show(name);
    if (at === 'password') byId('password-part').hidden = false;
    tell(at, words[why] ?? why, !calm.includes(why));
    byId(at).focus();
  }

  waits(reason) {
    tell('name', reason || 'The server does not answer. Trying again …');
  }
}
