import { expect, it } from 'vitest';
import { cgroupFacts, isOomReport, oomLine } from './cgroup-facts.ts';

const tasks = { recorded: new Map([[28, 'w']]), ours: new Map([[2, 'w']]) };
const agrees = (file: string, expected: string, got?: string): boolean | undefined =>
  cgroupFacts('at', `/sys/fs/cgroup/a/${file}`, expected, got, tasks)?.every((fact) => fact.agrees);

it('takes bytes that are near each other, and whole pages', () => {
  expect(agrees('memory.current', '1310720\n', '1306624\n')).toBe(true);
  expect(agrees('memory.current', '1310720\n', '262144\n')).toBe(false);
  expect(agrees('memory.current', '1310721\n', '1310720\n')).toBe(false);
  expect(agrees('memory.current', '0\n')).toBe(false);
});

it('compares of memory.stat which lines there are, and kernel', () => {
  expect(agrees('memory.stat', 'anon 1\nkernel 4096\n', 'anon 2\nkernel 8192\n')).toBe(true);
  expect(agrees('memory.stat', 'anon 1\nkernel 4096\n', 'kernel 8192\nanon 2\n')).toBe(false);
  expect(agrees('memory.stat', 'kernel 4096\n', 'kernel 4096000\n')).toBe(false);
});

it('knows tasks by their names', () => {
  expect(agrees('cgroup.procs', '28\n', '2\n')).toBe(true);
  expect(agrees('cgroup.procs', '28\n', '1\n')).toBe(false);
});

it('leaves memory.events and files of other folders to those who compare all of them', () => {
  expect(agrees('memory.events', 'max 1\n', 'max 2\n')).toBeUndefined();
  expect(cgroupFacts('at', '/proc/meminfo', '', '', tasks)).toBeUndefined();
});

it("keeps of the OOM killer's report who, and not how much", () => {
  const killed = '<3>Memory cgroup out of memory: Killed process 28 (init) total-vm:2732kB, UID:0';
  const other = '<3>Memory cgroup out of memory: Killed process 29 (init) total-vm:2732kB, UID:0';
  const ours = '<3>Memory cgroup out of memory: Killed process 2 (w) total-vm:4kB, UID:0';
  expect(oomLine(killed, tasks.recorded)).toBe(oomLine(ours, tasks.ours));
  expect(oomLine(other, tasks.recorded)).not.toBe(oomLine(ours, tasks.ours));
  expect([killed, '<4>Out of memory and no killable processes...'].map(isOomReport)).toEqual([true, false]);
});
