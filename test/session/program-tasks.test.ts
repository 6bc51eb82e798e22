/** What a killed server's programs leave behind is put in order by whoever opens the session next. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ROOT } from '../../src/kernel/task.ts';
import { makeExecDirectory, noteOwner, removeOwner } from '../../src/session/exec-directory.ts';
import { bootSession, openSession } from '../../src/session/local-session.ts';
import { ProgramTasks } from '../../src/session/program-tasks.ts';
import { at, bootInputs, cameraInputs } from './camera-board.ts';
import { alloc } from './random-calls.ts';

/** A session with a buffer of each of these tasks. */
function sessionOf(...tasks: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'dmaheap-programs-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  const session = openSession(at(dir));
  session.transact((kernel) => {
    for (const name of tasks) {
      kernel.syscall('shell', { call: 'task_add', name, credentials: ROOT, nofile: 1024 });
      alloc(kernel, name, 'system', 4096);
    }
  });
  session.close();
  makeExecDirectory(dir);
  return dir;
}

/** Opens it as a command does. @returns the tasks that it has then, and those that it was told of */
function looked(dir: string) {
  const ended: string[] = [];
  const session = openSession(at(dir), { onTasksEnded: (tasks) => ended.push(...tasks) });
  const tasks = session.view((kernel) => [...kernel.taskNames()].sort());
  const buffers = session.view((kernel) => kernel.bufferCount());
  session.close();
  return { ended, tasks, buffers };
}

const notesPath = (dir: string) => join(dir, 'exec/processes');
/** The number of a process that has ended. */
const endedPid = (): number => spawnSync('true').pid;

it('tasks whose processes have gone are ended, those of processes that live are kept until they have gone too', async () => {
  const child = spawn('sleep', ['60']);
  const dir = sessionOf('gone', 'lives', 'model');
  const notes = new ProgramTasks(dir);
  notes.add('gone', endedPid());
  notes.add('lives', child.pid ?? 0);
  notes.add('model', endedPid());
  // It ended while the server lived, and a user made another of that name.
  notes.remove('model');
  notes.close();
  expect(looked(dir)).toEqual({ ended: ['gone'], tasks: ['lives', 'model', 'shell'], buffers: 2 });
  expect(looked(dir)).toMatchObject({ ended: [], buffers: 2 });
  child.kill();
  await once(child, 'exit');
  expect(looked(dir)).toEqual({ ended: ['lives'], tasks: ['model', 'shell'], buffers: 1 });
  expect(existsSync(notesPath(dir))).toBe(false);
});

it('nothing is done while a server lives, or to what is booted anew', () => {
  const dir = sessionOf('gone');
  const notes = new ProgramTasks(dir);
  notes.add('gone', endedPid());
  notes.close();
  noteOwner(dir);
  expect(looked(dir)).toMatchObject({ ended: [], buffers: 1 });
  removeOwner(dir);
  // Its buffers are nobody's: booting needs no --force.
  bootSession(at(dir), cameraInputs(), bootInputs(cameraInputs()));
  expect(existsSync(notesPath(dir))).toBe(false);
});

it('another server goes on with the processes that live, and the file does not grow without end', () => {
  const dir = sessionOf();
  const first = new ProgramTasks(dir);
  first.add('gone', endedPid());
  first.add('lives', process.pid);
  first.close();
  const second = new ProgramTasks(dir);
  const text = () => readFileSync(notesPath(dir), 'utf8');
  expect(text()).toMatch(/^lives \d+ \d+\n$/);
  for (let i = 0; i < 60_000; i++) {
    second.add(`child.${i}`, 1);
    second.remove(`child.${i}`);
  }
  expect(text().length).toBeLessThan((1 << 20) + 100);
  expect(text()).toContain('lives ');
  second.remove('lives');
  second.close();
  expect(existsSync(notesPath(dir))).toBe(false);
});
