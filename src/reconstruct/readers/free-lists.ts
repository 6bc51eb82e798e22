/** What a failed CMA allocation lists as free, in all three forms that it had since Linux 5.10. */
import type { Facts, FreeList } from '../facts.ts';
import type { At } from '../line.ts';
import { atOf, type Reader } from './reader.ts';

const FAILED =
  /^cma: (?:__)?cma_alloc(?:_frozen)?(?:\(\))?:(?: (\S{1,255}):)? ?alloc failed, req-size: (\d{1,15})/;
/** One line, and behind it perhaps the sum. */
const ONE_LINE = /^(?:cma: )?number of available pages: ?(\d.*)?$/;
const RANGE = /^(?:cma: )?range \d{1,2}: ?(.*)$/;
const RUNS = /(\d{1,12})@(\d{1,12})/g;
const SUM = /=> ?(\d{1,12}) free of (\d{1,12}) total pages/;

/** One for each session of reading: a list goes over several lines. */
export function freeLists(): Reader {
  let area: string | undefined;
  let open: { at: At; runs: { start: number; length: number }[]; area?: string } | undefined;

  function close(facts: Facts, sum: RegExpExecArray | null): void {
    if (open === undefined) return;
    const told = { at: open.at, runs: open.runs, ...(open.area !== undefined && { area: open.area }) };
    const list: FreeList = sum === null ? told : { ...told, free: Number(sum[1]), total: Number(sum[2]) };
    facts.freeLists.push({ ...list, at: told.at });
    open = undefined;
  }

  const runsIn = (text: string) =>
    [...text.matchAll(RUNS)].map(([, length, start]) => ({ start: Number(start), length: Number(length) }));

  return {
    what: 'kernel log',
    read(line, facts) {
      const { message } = line;
      const failed = FAILED.exec(message);
      if (failed !== null) {
        close(facts, null);
        area = failed[1];
        facts.failures.push({
          ...(area !== undefined && { area }),
          pages: Number(failed[2]),
          at: atOf(line),
        });
        return true;
      }
      const one = ONE_LINE.exec(message);
      if (one !== null) {
        close(facts, null);
        open = { at: atOf(line), runs: runsIn(one[1] ?? ''), ...(area !== undefined && { area }) };
        const sum = SUM.exec(message);
        if (sum !== null) close(facts, sum);
        return true;
      }
      const range = RANGE.exec(message);
      if (range !== null && message.startsWith('cma: ')) {
        open ??= { at: atOf(line), runs: [], ...(area !== undefined && { area }) };
        open.runs.push(...runsIn(range[1] ?? ''));
        const sum = SUM.exec(message);
        if (sum !== null) close(facts, sum);
        return true;
      }
      const sum = SUM.exec(message);
      if (sum !== null) {
        close(facts, sum);
        return true;
      }
      return message === 'cma:';
    },
    end(facts) {
      close(facts, null);
      area = undefined;
    },
  };
}
