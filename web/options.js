// SPDX-License-Identifier: ISC
// A room: its topic and options, who is invited and who is kept out. Each answer stands beside what asked for it.
import { button, field, form, openDialog, tick } from './dialog.js';
import { el } from './dom.js';
import { cut } from './line.js';
import { endOf, parseDeed } from './model.js';
import { ranks } from './talk.js';

// Options as SET names them: what they mean, and for numbers the most.
const switches = [['private', 'Only people with a role, an invitation or the key see it'],
                  ['invite-only', 'Only they may come in'],
                  ['moderated', 'Only people with a voice may write'], ['topic-ops', 'Only ops may set the topic'],
                  ['history', 'What is said is kept'], ['durable', 'A message is shown only once it is on disk']];
const numbers = [['slow', 'Seconds between two messages of one person', 86400],
                 ['retention', 'How many messages are kept (0: the server’s limit)', 1000000000],
                 ['retention-days', 'For how many days (0: the server’s limit)', 36500]];

// on: leave(talk), quiet(talk, isQuiet)
export function openRoom(session, talk, on) {
  const isOp = talk.rank(session.model.me) >= ranks.op, place = el('div'), bans = el('div');
  const quiet = tick('No notifications from this room', talk.isQuiet, (isQuiet) => on.quiet(talk, isQuiet));
  const dialog = openDialog(talk.key, [
    topic(session, talk, isOp), quiet.part, isOp ? invitation(session, talk) : null, place, bans,
    talk.isIn ? button('Leave this room', () => { dialog.close(); on.leave(talk); }, 'button.btn.soft.danger') : null,
  ].filter(Boolean));
  if (!talk.isIn) return;
  session.askOptions(talk, (answer, lines) => {
    if (answer.verb !== 'OK') return;
    place.replaceChildren(options(session, talk, isOp), roles(lines));
  });
  if (isOp) showBans(session, talk, bans);
}

function topic(session, talk, isOp) {
  const may = talk.isIn && (isOp || talk.options.get('topic-ops') !== 'on');
  if (!may) return el('p', { dir: 'auto' }, talk.topic || 'No topic yet');
  const topicField = field('Topic', { value: talk.topic, dir: 'auto', autocapitalize: 'sentences', spellcheck: true });
  return form(() => {
    const text = topicField.input.value.trim();
    session.inRoom(talk, `TOPIC ${text || '-'}`, (answer) => topicField.tell(answer.rest, answer.verb !== 'OK'));
  }, topicField.part, el('button.btn.soft', {}, 'Set topic'));
}

function invitation(session, talk) {
  const who = field('Invite somebody', { maxLength: 32, placeholder: 'Name' });
  return form(() => {
    const name = who.input.value.trim();
    if (name) session.inRoom(talk, `INVITE ${name}`, (answer) => who.tell(answer.rest, answer.verb !== 'OK'));
  }, who.part, el('button.btn.soft', {}, 'Invite'));
}

// Those who do not run the room see it only.
function options(session, talk, isOp) {
  const fields = [];
  const told = el('p.why', { role: 'status' });
  const add = (name, part, read) => { fields.push({ name, read, was: read() }); return part; };
  const parts = switches.map(([name, text]) => {
    const box = tick(text, talk.options.get(name) === 'on');
    return add(name, box.part, () => (box.input.checked ? 'on' : 'off'));
  });
  for (const [name, text, most] of numbers) {
    const number = field(text, { type: 'number', min: 0, max: most, value: Number(talk.options.get(name)) || 0 });
    parts.push(add(name, number.part, () => String(Number(number.input.value) || 0)));
  }
  const key = field('Key, one word (empty: none)', { maxLength: 32, autocomplete: 'off', placeholder: talk.options.get('key') === 'on' ? 'There is one' : '' });
  const noKey = tick('Remove the key', false);
  if (isOp) parts.push(key.part, ...(talk.options.get('key') === 'on' ? [noKey.part] : []), el('button.btn', {}, 'Save options'), told);
  return form(() => {
    const wanted = fields.filter((f) => f.read() !== f.was).map((f) => [f.name, f.read()]);
    if (key.input.value.trim()) wanted.push(['key', key.input.value.trim()]);
    else if (noKey.input.checked) wanted.push(['key', 'off']);
    told.textContent = wanted.length ? '' : 'Nothing was changed.';
    const bad = [];
    for (const [name, value] of wanted)
      session.inRoom(talk, `SET ${name} ${value}`, (answer) => {
        if (answer.verb !== 'OK') bad.push(`${name}: ${answer.rest}`);
        else for (const f of fields.filter((one) => one.name === name)) f.was = value;
        told.classList.toggle('bad', bad.length > 0);
        told.textContent = bad.join(' ') || 'Saved.';
      });
  }, el('h3', {}, 'Options'), el('fieldset', { disabled: !isOp, ariaLabel: 'Options' }, ...parts));
}

function roles(lines) {
  const all = lines.filter((l) => l.verb === 'ROLE').map((l) => l.rest.split(' '));
  return all.length ? el('p.facts', {}, `Roles: ${all.map(([, name, role]) => `${name} (${role})`).join(', ')}`) : '';
}

function showBans(session, talk, place) {
  session.inRoom(talk, 'BANS', (answer, lines) => {
    const entries = lines.filter((l) => l.verb === 'BANNED' || l.verb === 'MUTED');
    if (answer.verb !== 'OK' || !entries.length) {
      place.replaceChildren();
      return;
    }
    place.replaceChildren(el('h3', {}, 'Bans and mutes'), el('ul', {}, ...entries.map((line) => {
      const isBan = line.verb === 'BANNED', deed = parseDeed(cut(line.rest)[1]);
      const lift = () => session.inRoom(talk, `${isBan ? 'UNBAN' : 'UNMUTE'} ${deed.who}`, () => showBans(session, talk, place));
      return el('li.line', {}, el('p', { dir: 'auto' }, el('b', {}, deed.who), ` ${isBan ? 'banned' : 'muted'} by ${deed.by}${endOf(deed)}`),
                button(isBan ? 'Lift the ban' : 'Lift the mute', lift, 'button.link'));
    })));
  });
}
