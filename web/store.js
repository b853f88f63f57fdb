// SPDX-License-Identifier: ISC
// What stays in this browser: name, token, rooms, drafts. Never a password.

const prefix = 'chatd.';

export function load(key, otherwise = null) {
  try {
    return JSON.parse(localStorage.getItem(prefix + key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function save(key, value) {
  try {
    if (value === null) localStorage.removeItem(prefix + key);
    else localStorage.setItem(prefix + key, JSON.stringify(value));
  } catch { /* full, or forbidden: it works without */ }
}

export function forgetAll() {
  try {
    for (const key of Object.keys(localStorage))
      if (key.startsWith(prefix)) localStorage.removeItem(key);
  } catch { /* as above */ }
}

const usual = { notify: true, hideText: false, sound: true };

// What the reader has set: notify, hideText, sound.
export const setting = (name) => load('settings', {})[name] ?? usual[name];

export const set = (name, value) => save('settings', { ...load('settings', {}), [name]: value });
