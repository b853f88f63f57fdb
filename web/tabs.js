// SPDX-License-Identifier: ISC
// One browser, one connection: a second tab asks whether another one has the page open, and may take over.

const WAIT_MS = 150;

export class Tabs {
  // on: isActive(), taken(): another tab has taken over
  constructor(on) {
    this.channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('chatd');
    this.channel?.addEventListener('message', ({ data }) => {
      if (data === 'who' && on.isActive()) this.channel.postMessage('here');
      if (data === 'here') this.heard?.();
      if (data === 'take' && on.isActive()) on.taken();
    });
  }

  isElsewhere() {
    return new Promise((done) => {
      if (!this.channel) done(false);
      this.heard = () => done(true);
      setTimeout(() => done(false), WAIT_MS);
      this.channel?.postMessage('who');
    });
  }

  take() {
    this.channel?.postMessage('take');
  }
}
