// SPDX-License-Identifier: ISC
// What a line that begins with / does: here, or at the server.
import { cut } from './line.js';

// Commands about a room: the one that is shown.
const roomCommands = ['TOPIC', 'SET', 'KICK', 'BAN', 'UNBAN', 'BANS', 'MUTE', 'UNMUTE', 'OP', 'DEOP', 'VOICE',
                             'DEVOICE', 'INVITE'];
const others = ['whois', 'seen', 'away', 'ignore', 'unignore', 'rooms', 'users', 'unread', 'help', 'cert'];
const secret = /^(PASSWD|UNREGISTER|RESUME|TOKEN)$/;

export class Commands {
  // on: join(room, key), write(name, text), me(text), leave(), quit(), find(words), toast(text), shown(talk)
  constructor(session, on) {
    this.session = session;
    const join = (args) => on.join(...args.split(/\s+/));
    this.local = {
      join,
      also: join,
      msg: (args) => on.write(...cut(args)),
      me: (args) => on.me(args),
      quit: () => on.quit(),
      leave: () => on.leave(),
      search: (args) => on.find(args),
      rename: (args) => session.rename(args, (answer) => on.toast(answer.rest)),
      register: (args) => session.asked.ask(`REGISTER ${args}`, (answer) => {
        on.toast(answer.rest);
        if (answer.isOk) session.keepToken();
      }),
    };
    this.on = on;
  }

  get words() {
    return [...new Set([...Object.keys(this.local), ...roomCommands.map((c) => c.toLowerCase()), ...others])].sort().map((c) => `/${c}`);
  }

  run(text, talk) {
    const [word, args] = cut(text.slice(1)), verb = word.toUpperCase(), here = this.local[word.toLowerCase()];
    if (here) {
      here(args);
      return;
    }
    const command = `${verb}${args ? ` ${args}` : ''}`, isInRoom = roomCommands.includes(verb);
    // What was done in a room is a row already.
    const shown = (answer, lines) => this.show(talk, lines.filter((l) => !(isInRoom && args && verb !== 'INVITE' && l.isOk)));
    if (secret.test(verb)) this.session.asked.ask(command, (answer) => this.on.toast(answer.isOk ? 'Done' : answer.rest));
    else if (isInRoom) this.session.inRoom(talk, command, shown, true);
    else this.session.asked.askAll(command, shown);
  }

  // The lines of an answer, as rows that nobody else sees.
  show(talk, lines) {
    for (const line of lines)
      talk.add({ id: null, time: Date.now(), who: '', text: `${line.verb} ${line.rest}`, kind: 'event', verb: '' });
    this.on.shown(talk);
  }
}
