/**
 * Pasted text as lines that remember where they stand: what a mail, a collector or a terminal put before a line is
 * taken off, and two messages that ran into one are two again.
 */

/** Where something was read. Lines count from 1. */
export interface At {
  readonly file: string;
  readonly line: number;
  /** Which message of a line that has several; absent: the first. */
  readonly piece?: number;
}

export interface Line extends At {
  /** As it stands, without quote marks and the like; its indentation matters in /proc/iomem and bufinfo. */
  readonly raw: string;
  /** Without what printk or a collector put before it, and without blanks at both ends. */
  readonly message: string;
  /** The path of the file that it is a line of, where the text says so: /proc/iomem. */
  readonly path?: string;
}

/** A file that somebody gave, or standard input. */
export interface InputText {
  readonly file: string;
  readonly text: string;
}

/** What mail and diff put before a line. */
const QUOTED = /^(?:> ?|\+(?=\[|<| |\t|[A-Z])|\| )+/;

/** What printk, syslog, journald, dmesg's options, logcat and terminal programs put before a message; asked again and again. */
const PREFIXES: readonly RegExp[] = [
  /^<\d{1,3}>/,
  // /dev/kmsg: level, number, microseconds, flags.
  /^\d{1,3},\d{1,12},\d{1,15},[-c+][^;]{0,120};/,
  /^\[ {0,12}\d{1,10}\.\d{1,9}\] ?/,
  /^\[ {0,8}[TC]\d{0,8}\] ?/,
  /^\[[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} [\d:]{8} \d{4}\] ?/,
  /^\[\d{4}-\d\d-\d\d[ T][\d:]{8}[^\]]{0,12}\] ?/,
  /^(?:kern|user|daemon|syslog|auth) {0,8}: ?[a-z]{3,6} {0,6}: ?/,
  /^[A-Z][a-z]{2} {1,2}\d{1,2} [\d:]{8}(?:\.\d{1,9})? \S{1,255} kernel(?:\[\d{1,10}\])?: ?/,
  /^\d{4}-\d\d-\d\d[ T][\d:]{8}\S{0,16} \S{1,255} kernel(?:\[\d{1,10}\])?: ?/,
  /^\S{1,255} kernel: ?/,
  /^kernel: ?/,
  /^\d\d-\d\d [\d:]{8}\.\d{1,9} (?: {0,8}\S{1,32}){0,3} {1,8}[VDIWEF] [^:]{0,64}: ?/,
  /^[VDIWEF]\/[^(:]{0,64}\( {0,8}\d{1,10}\): ?/,
  /^\d\d:\d\d:\d\d(?:\.\d{1,9})? /,
  /^\(\d{1,3}\)\[\d{1,10}:[^\]]{0,64}\] ?/,
];

/** Takes off what stands before the message, however often: a line may have two time stamps. */
export function messageOf(raw: string): string {
  let rest = raw.trim();
  for (let round = 0; round < 8; round++) {
    const before = rest.length;
    for (const prefix of PREFIXES) {
      const found = prefix.exec(rest);
      if (found !== null) rest = rest.slice(found[0].length).trimStart();
    }
    if (rest.length === before) break;
  }
  return rest;
}

/** How messages that matter begin: where one stands in the middle of a line, another's end was lost. */
const STARTS =
  /(?:\[ {0,12}\d{1,6}\.\d{6}\]|<[0-7]>\[|OF: reserved mem:|OF: fdt: Reserved memory|Reserved memory: (?:created|incorrect|unable|failed|bypass)|cma: (?:Reserved|Failed|cma_alloc|__cma_alloc|number of|range \d)|Kernel command line: |Zone ranges:|Machine model: |Linux version \d|DMA: preallocated |dma_heap \S{1,64}: assigned| Memory: \d{1,12}K\/)/g;
/** Before which nothing is split: the message goes on with what looks like another's beginning. */
const GOES_ON = /(?:OF: reserved mem|OF: fdt|Reserved memory): $/;
/** Longer lines are no messages: bitmaps. */
const MESSAGE_MOST = 8192;

/** Two messages in one line as two. */
function split(text: string): readonly string[] {
  if (text.length > MESSAGE_MOST) return [text];
  const cuts: number[] = [0];
  for (const { index } of text.matchAll(STARTS)) {
    const before = text.slice(cuts.at(-1) ?? 0, index);
    // What stands before is itself a prefix, or the first half of the message.
    if (messageOf(before) === '' || GOES_ON.test(before)) continue;
    cuts.push(index);
  }
  return cuts.map((from, i) => text.slice(from, cuts[i + 1]));
}

/** The files under which the text of another file stands: a capture's heads, `tail`'s, and a shell's prompt. */
const HEADS: readonly RegExp[] = [
  /^=== (\/\S{1,4000})(?: ===)?$/,
  /^==> (\S{1,4000}) <==$/,
  /^[^\s#$]{0,120}[#$] ?(?:sudo )?(?:cat|zcat|tail -n ?\+1|head) (\/\S{1,4000})$/,
  /^[^\s#$]{0,120}[#$] ?(?:sudo )?ls -\S{1,8} (\/dev\/dma_heap\S{0,64})$/,
];
/** A prompt that runs something else ends the file before it. */
const OTHER_PROMPT =
  /^(?:[\w.-]{1,64}@[^\s#$]{1,120}|root)?[:~\w/. -]{0,60}[#$] (?:sudo )?[a-z][\w.-]{0,32}(?: |$)/;
/** A prompt behind which nothing was typed. */
const EMPTY_PROMPT =
  /^(?:[\w.-]{1,64}@[^\s#$]{1,120}|[\w.-]{0,64}:[~/][^\s#$]{0,120}|[~/]\S{0,120})? ?[#$] ?$/;
/** `grep -r . DIRECTORY`: the file before each line. */
const GREPPED = /^(\/(?:sys|proc|dev)\/[^\s:]{1,1000}):(.*)$/;

/** The lines of an input, in order, each with the path of the file that it is of. */
export function* linesOf({ file, text: whole }: InputText): Iterable<Line> {
  let path: string | undefined = pathIn(file);
  let number = 0;
  for (const full of whole.split('\n')) {
    number++;
    const marked = full.endsWith('\r') ? full.slice(0, -1) : full;
    const raw = marked.length > MESSAGE_MOST ? marked : marked.replace(QUOTED, '');
    const head =
      raw.length > MESSAGE_MOST ? undefined : HEADS.map((one) => one.exec(raw.trim())?.[1]).find(Boolean);
    if (head !== undefined) {
      path = head;
      // A file without a byte says something too: a flag of the device tree.
      yield { file, line: number, raw: '', message: '', path };
      continue;
    }
    if (path !== undefined && raw.length < 400 && (OTHER_PROMPT.test(raw) || EMPTY_PROMPT.test(raw))) {
      path = undefined;
    }
    const grepped = path?.startsWith('/capture/') === true ? null : GREPPED.exec(raw);
    const [, own, rest] = grepped ?? [];
    const at = own ?? path;
    const content = rest ?? raw;
    const isLog = at === undefined || isLogPath(at);
    for (const [piece, text] of (isLog ? split(content) : [content]).entries()) {
      yield {
        file,
        line: number,
        raw: text,
        message: messageOf(text),
        ...(piece > 0 && { piece }),
        ...(at !== undefined && { path: at }),
      };
    }
  }
}

/** Whether the lines below a path are the kernel log's. */
const isLogPath = (path: string): boolean => /(?:dmesg|kmsg|log|journal)/.test(path);

/** Files that say by their own name what they are: a copied tree of /proc or /sys. */
const KNOWN =
  /(?:^|\/)((?:sys\/kernel\/debug\/|debug\/)?cma\/[^/]+\/(?:ranges\/\d+\/)?(?:bitmap|count|used|maxchunk|base_pfn|order_per_bit)|proc\/(?:iomem|meminfo|buddyinfo|pagetypeinfo|cmdline|version)|proc\/\d+\/(?:fdinfo\/\d+|comm)|bufinfo|cmdline)$/;

/** The path that a given file's own name says. */
function pathIn(file: string): string | undefined {
  const found = KNOWN.exec(file)?.[1];
  if (found === undefined) return undefined;
  return found.startsWith('/') ? found : `/${found}`;
}
