// SPDX-License-Identifier: ISC
// The connection: lines out, lines in, and coming back after it broke. `on` has opened(), line(text), closed(code),
// waits(seconds).

const QUIET_MS = 30000; // between two pings
const ANSWER_MS = 10000;

export class Socket {
  constructor(on) {
    this.on = on;
    this.tries = 0;
    this.wants = false;
    addEventListener('online', () => this.retry());
    document.addEventListener('visibilitychange', () => document.hidden || this.retry());
    setInterval(() => this.check(), 1000);
  }

  get isOpen() {
    return this.ws?.readyState === WebSocket.OPEN;
  }

  open() {
    this.wants = true;
    clearTimeout(this.timer);
    this.dueAt = 0;
    if (this.ws) return;
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const ws = this.ws = new WebSocket(`${scheme}//${location.host}/ws`, ['chatd']);
    ws.onopen = () => { this.heardAt = Date.now(); this.on.opened(); };
    ws.onmessage = (event) => {
      this.heardAt = Date.now();
      for (const line of event.data.split('\n'))
        if (line) this.on.line(line.replace(/\r$/, ''));
    };
    ws.onclose = (event) => this.closed(ws, event.code);
  }

  // All went well: the next break is the first.
  settled() {
    this.tries = 0;
  }

  closed(ws, code) {
    if (ws !== this.ws) return;
    this.ws = null;
    this.on.closed(code);
    if (!this.wants) return;
    const wait = code === 1001 || code === 1008 ? 5 : this.tries ? Math.min(30, 2 ** (this.tries - 1)) : 0;
    this.tries++;
    this.dueAt = Date.now() + wait * 1000 * (0.7 + Math.random() * 0.6);
    this.timer = setTimeout(() => this.open(), this.dueAt - Date.now());
  }

  // At once, if it is waiting for its next try.
  retry() {
    if (this.wants && !this.ws) this.open();
  }

  close() {
    this.wants = false;
    clearTimeout(this.timer);
    const ws = this.ws;
    if (!ws) return;
    ws.close();
    this.closed(ws, 1000);
  }

  // False: there is no connection.
  send(...lines) {
    if (this.isOpen) this.ws.send(lines.join('\n'));
    return this.isOpen;
  }

  // This connection is of no use: there will be another one.
  fail() {
    const ws = this.ws;
    ws.close();
    this.closed(ws, 1006);
  }

  check() {
    if (!this.ws && this.wants) this.on.waits(Math.max(0, Math.ceil((this.dueAt - Date.now()) / 1000)));
    if (!this.isOpen || document.hidden) return;
    const quiet = Date.now() - this.heardAt;
    if (quiet > QUIET_MS + ANSWER_MS) this.fail();
    else if (quiet > QUIET_MS) this.on.quiet();
  }
}
