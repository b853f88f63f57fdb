// SPDX-License-Identifier: ISC
// What reaches a reader who looks elsewhere: notifications of the desktop, a sound, the title and the icon.
import { setting } from './store.js';

const SOUND_HZ = 660, SOUND_S = 0.15;

export class Notify {
  // on: isSeen(), open(talk)
  constructor(model, on) {
    Object.assign(this, { model, on, missed: 0 });
  }

  // 'granted', 'denied', 'default' (not asked yet) or 'none': this browser has none here.
  get permission() {
    return typeof Notification === 'undefined' ? 'none' : Notification.permission;
  }

  // A line for the reader. What came while the connection was broken is told in one.
  line(talk, row) {
    if (talk.isQuiet) return;
    if (this.model.isBacklog) this.missed++;
    else if (!this.on.isSeen() || talk !== this.model.open)
      this.show(`${row.who}${talk.isRoom ? ` in ${talk.key}` : ''}`, setting('hideText') ? 'A message for you' : row.text, talk);
  }

  settled() {
    if (this.missed && this.wasIn && !this.on.isSeen())
      this.show(location.hostname, `${this.missed} message${this.missed > 1 ? 's' : ''} for you`, null);
    this.missed = 0;
    this.wasIn = true;
  }

  show(title, body, talk) {
    if (setting('sound')) this.beep();
    if (!setting('notify') || this.permission !== 'granted') return;
    try {
      const shown = new Notification(title, { body, tag: talk?.key ?? 'chatd', icon: 'icon.svg', silent: true });
      shown.onclick = () => {
        window.focus();
        if (talk) this.on.open(talk);
        shown.close();
      };
    } catch { /* phones have none for pages */ }
  }

  beep() {
    try {
      const audio = this.audio = this.audio ?? new AudioContext(), tone = audio.createOscillator(), volume = audio.createGain();
      tone.frequency.value = SOUND_HZ;
      volume.gain.setValueAtTime(0.1, audio.currentTime);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + SOUND_S);
      tone.connect(volume).connect(audio.destination);
      tone.start();
      tone.stop(audio.currentTime + SOUND_S);
    } catch { /* no sound here */ }
  }

  // The title and the icon say how many lines there are for the reader.
  draw(title) {
    const talks = this.model.all, forMe = talks.reduce((n, t) => n + (t.isQuiet ? 0 : t.forMe), 0);
    document.title = `${forMe ? `(${forMe}) ` : ''}${title}`;
    const icon = forMe ? 'icon-new.svg' : 'icon.svg', link = document.querySelector('link[rel=icon]');
    if (link.getAttribute('href') !== icon) link.setAttribute('href', icon);
  }
}
