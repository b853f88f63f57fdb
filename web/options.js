// SPDX-License-Identifier: ISC
// A room: its topic and options, who is invited and who is kept out. Each answer stands beside what asked for it.
import { untilText } from './clock.js';
import { button, closing, field, form, openDialog, remark, tick } from './dialog.js';
import { el } from './dom.js';
import { cut, restsOf } from './line.js';
import { endOf, parseDeed } from './model.js';
import { ranks } from './talk.js';

// Options as SET names them: what they mean, and for numbers the most.
const switches = [['private', 'Only people with a role, an invitation or the key see it'],
                  ['invite-only', 'Only they may come in'],
                  ['moderated', 'Only people with a voice may write'], ['topic-ops', 'Only ops may set the topic'],
                  ['history', 'What is said is kept'], ['durable', 'A message is shown only once it is on disk']];
const numbers = [['limit', 'How many people may be in (0: any number)', 65535],
                 ['slow', 'Seconds between two messages of one person', 86400],
                 ['retention', 'How many messages are kept (0: the server’s limit)', 1000000000],
                 ['retention-days', 'For how many days (0: the server’s limit)', 36500]];

// on: leave(talk), quiet(talk, isQuiet)
export function openRoom(session, talk, on) {
  const isOp = talk.rank(session.model.me) >= ranks.op, place = el('div'), bans = el('div');
  const quiet = tick('No notifications from this room', talk.isQuiet, (isQuiet) => on.quiet(talk, isQuiet));
  openDialog(talk.key, [
    topic(session, talk, isOp), quiet.part, isOp ? invitation(session, talk) : null, place, bans,
    talk.isIn ? closing('Leave this room', () => on.leave(talk), 'button.btn.soft.danger') : null,
  ].filter(Boolean));
  if (!talk.isIn) return;
  session.askOptions(talk, (answer, lines) => {
    if (!answer.isOk) return;
    place.replaceChildren(options(session, talk, isOp), roles(lines));
  });
  if (isOp) showBans(session, talk, bans);
}

// The topic, who set it and when; those who may change it have a field for it.
function topic(session, talk, isOp) {
  const may = talk.isIn && (isOp || talk.options.get('topic-ops') !== 'on');
  const place = may ? field('Topic', { value: talk.topic, dir: 'auto', autocapitalize: 'sentences', spellcheck: true }) : remark();
  session.inRoom(talk, 'TOPIC', (answer, lines) => {
    for (const [, who, time] of restsOf(lines, 'TOPICINFO').map((rest) => rest.split(' ')))
      place.tell(`Set by ${who}, ${untilText(Date.parse(time))}.`, false);
  }, true);
  if (!may) return el('div', {}, el('p', { dir: 'auto' }, talk.topic || 'No topic yet'), place.part);
  return form(() => {
    session.inRoom(talk, `TOPIC ${place.text || '-'}`, (answer) => place.tell(answer.rest, !answer.isOk));
  }, place.part, el('button.btn.soft', {}, 'Set topic'));
}

function invitation(session, talk) {
  const who = field('Invite somebody', { maxLength: 32, placeholder: 'Name' });
  return form(() => {
    if (who.text) session.inRoom(talk, `INVITE ${who.text}`, (answer) => who.tell(answer.rest, !answer.isOk));
  }, who.part, el('button.btn.soft', {}, 'Invite'));
}

// Those who do not run the room see it only.
function options(session, talk, isOp) {
  const fields = [];
  const told = remark();
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
  if (isOp) parts.push(key.part, ...(talk.options.get('key') === 'on' ? [noKey.part] : []), el('button.btn', {}, 'Save options'), told.part);
  return form(() => {
    const wanted = fields.filter((f) => f.read() !== f.was).map((f) => [f.name, f.read()]);
    if (key.text) wanted.push(['key', key.text]);
    else if (noKey.input.checked) wanted.push(['key', 'off']);
    told.tell(wanted.length ? '' : 'Nothing was changed.', false);
    const bad = [];
    for (const [name, value] of wanted)
      session.inRoom(talk, `SET ${name} ${value}`, (answer) => {
        if (!answer.isOk) bad.push(`${name}: ${answer.rest}`);
        else for (const f of fields.filter((one) => one.name === name)) f.was = value;
        told.tell(bad.join(' ') || 'Saved.', bad.length > 0);
      });
  }, el('h3', {}, 'Options'), el('fieldset', { disabled: !isOp, ariaLabel: 'Options' }, ...parts));
}

function roles(lines) {
  const all = restsOf(lines, 'ROLE').map((rest) => rest.split(' '));
  return all.length ? el('p.facts', {}, `Roles: ${all.map(([, name, role]) => `${name} (${role})`).join(', ')}`) : '';
}

function showBans(session, talk, place) {
  session.inRoom(talk, 'BANS', (answer, lines) => {
    const entries = lines.filter((l) => l.verb === 'BANNED' || l.verb === 'MUTED');
    if (!answer.isOk || !entries.length) {
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
