import { describe, expect, it } from 'vitest';
import { Printk } from '../src/printk.ts';
import { MemoryRecords } from '../src/records.ts';

const SECOND = 1_000_000_000;

const texts = (printk: Printk, from = 0) =>
  [...printk.since(from)].map((line) => `${line.suppressed ? '-' : ''}<${line.level}>${line.text}`);

describe('Printk', () => {
  it('numbers lines and stamps them with logical time', () => {
    const printk = new Printk(new MemoryRecords());
    printk.print(6, 'one');
    printk.advance(3 * SECOND);
    const mark = printk.nextSeq;
    printk.print(3, 'two');
    expect([...printk.since()]).toEqual([
      { seq: 0, level: 6, time: 0, text: 'one' },
      { seq: 1, level: 3, time: 3 * SECOND, text: 'two' },
    ]);
    expect(texts(printk, mark)).toEqual(['<3>two']);
  });

  it('is its records: another Printk over them goes on', () => {
    const records = new MemoryRecords();
    new Printk(records).print(6, 'one');
    const again = new Printk(records);
    again.print(6, 'two');
    expect(texts(again)).toEqual(['<6>one', '<6>two']);
  });

  it('prints a WARN_ONCE site once', () => {
    const printk = new Printk(new MemoryRecords());
    printk.printOnce('site', 4, 'first');
    printk.printOnce('site', 4, 'second');
    printk.printOnce('other', 4, 'third');
    expect(texts(printk)).toEqual(['<4>first', '<4>third']);
  });

  it('lets ten lines through in five seconds and keeps the rest as suppressed', () => {
    const printk = new Printk(new MemoryRecords());
    for (let i = 0; i < 12; i++) printk.printRatelimited('f', 3, `${i}`);
    printk.printRatelimited('g', 3, 'another function has its own limit');
    expect(texts(printk).slice(9)).toEqual([
      '<3>9',
      '-<3>10',
      '-<3>11',
      '<3>another function has its own limit',
    ]);
  });

  it('counts those missed before the first line after the interval', () => {
    const printk = new Printk(new MemoryRecords());
    for (let i = 0; i < 13; i++) printk.printRatelimited('f', 3, `${i}`);
    // Exactly five seconds are still inside.
    printk.advance(5 * SECOND);
    printk.printRatelimited('f', 3, 'still');
    printk.advance(1);
    const mark = printk.nextSeq;
    printk.printRatelimited('f', 3, 'again');
    expect(texts(printk, mark)).toEqual(['<4>f: 4 callbacks suppressed', '<3>again']);
  });

  it('says nothing of missed lines when there were none', () => {
    const printk = new Printk(new MemoryRecords());
    printk.printRatelimited('f', 3, 'a');
    printk.advance(6 * SECOND);
    printk.printRatelimited('f', 3, 'b');
    expect(texts(printk)).toEqual(['<3>a', '<3>b']);
  });
});
