// SPDX-License-Identifier: ISC
// What was sent and is not answered yet. Answers come in the order of the requests, and lines without tags belong to the
// first of them. An answer ends with OK or ERROR; where it may end otherwise, a PING behind it shows the end.

// Lines that may come at any time: they end no answer.
const beside = ['NOTICE', 'JOIN', 'MAIL', 'PRIVMSG', 'SENT', 'INVITE'];
// The last words before a connection is closed answer nothing.
const lastWords = /^(Login timeout|Too slow|Flooding|Kicked: |Name registered by the operator|New password set|Logged out|Replaced by a new login|Server stopping|Server full|Too many connections)/;
const lost = { id: null, time: null, verb: 'ERROR', rest: 'no connection' };

export class Asked {
  // send(...lines) sends them together; false: there is no connection.
  constructor(send) {
    this.send = send;
    this.due = []; // { lines, done, row, token }
    this.tokens = 0;
  }

  // done(answer, lines): the line that ended it, and all.
  ask(command, done = null) {
    this.begin([command], { done });
  }

  // A command whose answer may have any form. Without a command: all that was asked before is answered.
  askAll(command, done = null) {
    const token = `p${++this.tokens}`;
    this.begin([...(command ? [command] : []), `PING ${token}`], { done, token });
  }

  begin(commands, one) {
    if (this.send(...commands)) this.due.push({ lines: [], ...one });
    else one.done?.(lost, [lost]);
  }

  // Something that is said. In a room its echo is the answer (echo), or an ERROR; for a person OK or ERROR.
  say(command, row, done) {
    if (this.send(command)) this.due.push({ lines: [], done, row });
  }

  // An own line has come back.
  echo(key, kind, text) {
    const row = this.due[0]?.row;
    if (row && row.talk.low === key.toLowerCase() && row.kind === kind && row.text === text) this.due.shift();
  }

  // A line without tags. False: it answers nothing.
  take(line) {
    if (line.verb === 'PONG') return this.pong(line);
    const first = this.due[0];
    if (!first || beside.includes(line.verb) || (line.verb === 'ERROR' && lastWords.test(line.rest))) return false;
    first.lines.push(line);
    if (first.token || (line.verb !== 'OK' && line.verb !== 'ERROR')) return true;
    this.due.shift();
    first.done?.(line, first.lines);
    return true;
  }

  // Whatever was asked before this PING is answered, even if an echo was not recognized.
  pong(line) {
    const at = this.due.findIndex((one) => one.token === line.rest);
    if (at < 0) return false;
    const one = this.due[at];
    this.due.splice(0, at + 1);
    one.done?.(line, one.lines);
    return true;
  }

  // The connection has ended. Returns what was being said.
  drop() {
    const due = this.due;
    this.due = [];
    for (const one of due)
      if (!one.row) one.done?.(lost, [lost]);
    return due.filter((one) => one.row).map((one) => one.row);
  }
}
