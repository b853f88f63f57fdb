// SPDX-License-Identifier: ISC
// What belongs to the reader: the name and its password, notifications, and what stays in this browser.
import { button, field, form, openDialog, tick } from './dialog.js';
import { el } from './dom.js';
import { forgetAll, set, setting } from './store.js';

const states = { granted: 'This browser may show notifications.', default: '', none: 'Notifications need TLS, or localhost.',
                 denied: 'This browser does not allow notifications from here; its own settings can change that.' };

const ticks = { notify: 'Notify me of mentions and private messages', hideText: 'Hide the text in them', sound: 'A sound for them' };

// on: quiet(talk, isQuiet), keys(), logout()
export function openSettings(session, notify, on) {
  const { model } = session;
  openDialog('Settings', [
    el('p.facts', {}, `You are ${model.me}${session.isRegistered ? ', registered' : ', not registered'}.`),
    session.isRegistered ? password(session) : registration(session),
    el('h3', {}, 'Notifications'), permission(notify),
    ...Object.entries(ticks).map(([name, text]) => tick(text, setting(name), (isOn) => set(name, isOn)).part),
    ...quietRooms(model, on), ...talks(session),
    el('div.row.last', {}, button('Keys', on.keys), ...session.isRegistered ? [everywhere(session, on)] : [],
       button('Log out', () => on.logout(), 'button.btn.soft.danger')),
    el('p.why', {}, 'What the page keeps stays in this browser: your name, rooms, drafts and private talks' +
      `${session.isRegistered ? ', and a token in place of your password' : ''}. Log out removes it.`),
  ]);
}

// A password is one word; the server says how long it must be.
function isWord({ input, tell }) {
  const is = /^\S+$/.test(input.value);
  tell(is ? '' : 'A password is one word without blanks.');
  return is;
}

function registration(session) {
  const word = field('Password, to keep this name for good', { type: 'password', autocomplete: 'new-password' });
  const invitation = field('Invitation', { autocomplete: 'off' });
  invitation.part.hidden = true;
  return form(() => {
    invitation.tell('');
    if (!isWord(word)) return;
    session.asked.ask(`REGISTER ${word.input.value} ${invitation.text}`.trim(), (answer) => {
      const isInvitation = /^Invitation/.test(answer.rest);
      if (isInvitation) invitation.part.hidden = false;
      if (!answer.isOk) (isInvitation ? invitation : word).tell(isInvitation ? answer.rest.replace(/ \(.*/, '') : answer.rest);
      else {
        word.tell(`${answer.rest}. You stay logged in here.`, false);
        word.input.value = '';
        session.keepToken();
      }
    });
  }, el('h3', {}, 'Register'), word.part, invitation.part, el('button.btn.soft', {}, 'Register'));
}

function password(session) {
  const old = field('Password now', { type: 'password', autocomplete: 'current-password' });
  const wanted = field('New password', { type: 'password', autocomplete: 'new-password' });
  return form(() => {
    if (!isWord(old) || !isWord(wanted)) return;
    session.asked.ask(`PASSWD ${old.input.value} ${wanted.input.value}`, (answer) => {
      (/^Password too short/.test(answer.rest) || answer.isOk ? wanted : old).tell(answer.rest, !answer.isOk);
      if (!answer.isOk) return;
      old.input.value = wanted.input.value = '';
      session.keepToken(); // a new password has ended all tokens
    });
  }, el('h3', {}, 'Password'), old.part, wanted.part, el('button.btn.soft', {}, 'Change password'));
}

function permission(notify) {
  const part = el('p.facts', { role: 'status' }, states[notify.permission]);
  if (notify.permission === 'default')
    part.append(button('Allow notifications', async () => {
      await Notification.requestPermission();
      part.replaceChildren(states[notify.permission] || 'Not allowed yet.');
    }));
  return part;
}

function quietRooms(model, on) {
  const rooms = model.all.filter((t) => t.isRoom && (t.isIn || t.isQuiet));
  if (!rooms.length) return [];
  return [el('h3', {}, 'None from these rooms'), ...rooms.map((talk) => tick(talk.key, talk.isQuiet, (isQuiet) => on.quiet(talk, isQuiet)).part)];
}

// Where the server keeps private talks.
function talks(session) {
  const told = (isOn) => session.asked.ask(`TALKS ${isOn ? 'ON' : 'OFF'}`, () => session.askTalks());
  return /^o/.test(session.keeps) ? [tick('Keep my private talks for me, on all my devices', session.keeps === 'on', told).part] : [];
}

// On all devices, which nothing brings back but the password.
const everywhere = (session, on) => button('Log out everywhere', ({ target }) =>
  session.asked.ask('LOGOUT ALL', (answer) => (answer.isOk ? on.logout() : target.textContent = answer.rest)), 'button.btn.soft.danger');

// Nothing of it stays here.
export function logout(session) {
  session.logout();
  session.model.me = '';
  forgetAll();
  location.reload();
}
