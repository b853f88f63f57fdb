// SPDX-License-Identifier: ISC
//
// A chat server in Node.js as one would write it first, with the npm package ws: a loop over the clients of a room. It
// speaks as much of chatd's own protocol as chatload needs. compare.sh starts it with the port, and for TLS with a
// certificate and its key.
'use strict';
const fs = require('fs');
const { WebSocketServer } = require('ws');

const [port, cert, key] = process.argv.slice(2);
const server = cert
  ? require('https').createServer({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
  : require('http').createServer();
const rooms = new Map();

function tell(room, line) {
  for (const client of rooms.get(room)) client.send(line);
}

function join(client, room) {
  if (!rooms.has(room)) rooms.set(room, new Set());
  client.send(`OK Joined ${room} (${rooms.get(room).size} users)\n`);
  rooms.get(room).add(client);
  client.room = room;
}

function take(client, line) {
  const [verb, word] = line.split(' ', 2);
  if (verb === 'USERNAME') {
    client.name = word;
    client.send(`OK Welcome, ${word}!\n`);
  } else if (verb === 'JOIN') {
    join(client, word);
  } else {
    tell(client.room, `ROOM ${client.room} ${client.name} ${line}\n`);
  }
}

new WebSocketServer({ server, path: '/ws' }).on('connection', (client) => {
  client.on('message', (data) => take(client, String(data).trimEnd()));
  client.on('close', () => rooms.get(client.room)?.delete(client));
  client.on('error', () => client.terminate());
});
server.listen(Number(port), '127.0.0.1', 4096);
