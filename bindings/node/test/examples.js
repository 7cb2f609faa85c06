'use strict';

// The examples run, and end as they are told to.

const { spawn, spawnSync } = require('child_process');
const path = require('path');
const { test, ok, is, skip, diag } = require('./tap');

const backend = path.join(__dirname, '..', 'examples', 'backend.js');
const LINE = /^\d+ requests, \d+ sessions, \d+ cached; \d+ nodes, .*resident /;

test('the backend', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath,
    [backend, '--seconds=0.2'], { encoding: 'utf8', timeout: 60000 });
  is(status, 0, 'ends when its time is over');
  const lines = stdout.trim().split('\n');
  ok(lines.length >= 2 && lines.every((line) => LINE.test(line)),
    'tells by lines where there is no terminal');
  is(stderr, '', 'and nothing else');
  const wrong = spawnSync(process.execPath, [backend, '--minutes=1'],
    { encoding: 'utf8' });
  is(wrong.status, 2, 'knows no other option');
});

test('the backend, interrupted', async () => {
  const child = spawn(process.execPath, [backend],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (part) => {
    if (text === '') child.kill('SIGINT');
    text += part;
  });
  const [status, signal] = await new Promise((resolve) => {
    child.on('close', (...how) => resolve(how));
  });
  ok(status === 0 || process.platform === 'win32', 'ends well');
  if (status !== 0) diag(`status ${status}, signal ${signal}`);
  ok(LINE.test(text), 'after what it had to tell');
});

test('the backend in a terminal', () => {
  const { status, stdout, error } = spawnSync('script', ['-qec',
    `stty rows 30 cols 100; '${process.execPath}' '${backend}' --seconds=0.3`,
    '/dev/null'], { input: '', encoding: 'utf8', timeout: 60000 });
  if (error || status !== 0) {
    skip('its view', 'there is no script(1) that makes a terminal');
    return;
  }
  ok(stdout.includes('\x1b[?1049h') && stdout.includes('\x1b[?1049l'),
    'gives the screen back');
  ok(/main chain: \d+ nodes/.test(stdout), 'draws the main chain');
  ok(/KiB \[[ .:#]{68}\]/.test(stdout), 'and its sub-chains');
  ok(/resident [\d.]+ MiB [_.\-=+*#]+/.test(stdout), 'and resident memory');
  const frames = stdout.split('\x1b[H').slice(1);
  ok(frames.length > 0 && frames.every((frame) =>
    frame.split('\x1b[J')[0].split('\n').every((line) =>
      line.replace(/\x1b\[[?\d]*\w/g, '').trim().length < 100)),
  'in no more columns than there are');
});
