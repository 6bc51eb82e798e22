/** What a program knows of a failure beside the kernel's numbers: as data, like those. */

export type Remark =
  /** The other half of "mode 0660, group 44". */
  | { readonly is: 'who'; readonly task: string; readonly uid: number; readonly groups: readonly number[] }
  /** A path that does not begin with /: there is no current directory. */
  | { readonly is: 'relative-path' }
  | { readonly is: 'only-written' }
  /** How many of `count` buffers there were before the one that failed, and whether they are closed again. */
  | {
      readonly is: 'allocated-before';
      readonly allocated: number;
      readonly count: number;
      readonly closed: boolean;
    }
  /** The buffer that could not be named is gone. */
  | { readonly is: 'closed-again' };
